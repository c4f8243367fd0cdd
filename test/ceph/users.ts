// Users of the Ceph gateway beside the one that owns the bucket, bucket policies, and stores opened as one of them.
// Credentials come from the standard AWS chain alone, which reads the environment when the first request is made; so a user's store
// is opened and used once while the environment names that user, and keeps those credentials.
import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3'
import { openStore, type Store } from '../../lib/runlet.ts'
import { openS3Store, type S3Store } from '../../lib/store/s3/s3-store.ts'
import { cephBucket, cephUrl } from './gateway.ts'

const run = promisify(execFile)
const { endpoint, name: bucket } = cephBucket()

export interface User {
  readonly name: string
  readonly environment: Readonly<Record<string, string>>
}

/** Makes a user who may do nothing yet, with a disk cache of its own: what one has read another must ask for. */
export async function aUser(name: string): Promise<User> {
  const { CEPH_DIR } = process.env
  if (!CEPH_DIR) throw new Error('CEPH_DIR does not say where the cluster is: start this with `npm run test:ceph`')
  const [key, secret] = [`${name}access`, `${name}secretsecret`]
  await run('radosgw-admin', [
    ...['-c', join(CEPH_DIR, 'ceph.conf'), '-n', 'client.rgw', 'user', 'create', '--uid', name],
    ...['--display-name', name, '--access-key', key, '--secret-key', secret],
  ])
  const cache = await mkdtemp(join(tmpdir(), `runlet-cache-of-${name}-`))
  return { name, environment: { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: secret, RUNLET_CACHE: cache } }
}

/** The owner's word on who may do what in the bucket. */
export async function setPolicy(policy: unknown): Promise<void> {
  const owner = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true })
  await owner.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify(policy) }))
  owner.destroy()
}

export const storeOf = (user: User, prefix: string): Promise<Store> =>
  as(user, async () => {
    const store = await openStore(cephUrl(prefix), { author: user.name })
    await store.namespace('nobody').catch(() => undefined)
    return store
  })

/** The bare objects as the user may touch them. */
export const objectsOf = (user: User, prefix: string): Promise<S3Store> =>
  as(user, async () => {
    const store = await openS3Store(cephUrl(prefix))
    await store.get('nothing').catch(() => undefined)
    return store
  })

let turn: Promise<unknown> = Promise.resolve()

/** Works while the environment names that user: what is opened meanwhile, also in threads, has those credentials. */
export function as<T>({ environment }: User, open: () => Promise<T>): Promise<T> {
  const opened = turn.then(async () => {
    const before = { ...process.env }
    Object.assign(process.env, environment)
    try {
      return await open()
    } finally {
      for (const name of Object.keys(environment)) delete process.env[name]
      Object.assign(process.env, before)
    }
  })
  turn = opened.catch(() => undefined)
  return opened
}
