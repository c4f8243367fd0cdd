// A Ceph gateway of its own for the comparison: test/support/ceph/with-ceph.sh starts it around a program that says where it is and stays
// until its input ends.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const WITH_CEPH = fileURLToPath(new URL('../../support/ceph/with-ceph.sh', import.meta.url))
const SAY_WHERE =
  'echo "$RUNLET_CEPH_ENDPOINT $RUNLET_CEPH_BUCKET $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY"; cat >/dev/null'
const NOT_INSTALLED = 3

export interface Ceph {
  readonly url: string
  stop(): Promise<void>
}

/** Undefined when Ceph is not installed. From here on, this process and its children have the gateway's credentials. */
export async function startCeph(): Promise<Ceph | undefined> {
  const child = spawn('bash', [WITH_CEPH, 'sh', '-c', SAY_WHERE], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })
  const first = await Promise.race([once(lines, 'line'), ended.then(() => undefined)])
  if (!first) {
    const [code] = await ended
    if (code === NOT_INSTALLED) return undefined
    throw new Error(`Ceph did not start: with-ceph.sh ended with ${code}`)
  }
  const [endpoint, bucket, key, secret] = String(first[0]).split(' ')
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: secret })
  return {
    url: `s3://${bucket}/comparison?endpoint=${endpoint}`,
    stop: async () => {
      child.stdin.end()
      await ended
    },
  }
}
