// The fence of a run's owner (G7), for commands that a program inside `runlet run` starts: their writes name the owner's token, so
// that a run which somebody else has taken over refuses them. It applies to the run's own namespace and no other.
import { ConfigError } from '../errors.ts'
import { OWNER_LEASE } from '../run/run.ts'

export interface Fence {
  readonly name: string
  readonly token: number
}

type Environment = Readonly<Record<string, string | undefined>>

/** The fence for writes to `namespace` in the store at `url`; undefined when the environment tells of no such run. */
export function ownerFence(url: string, namespace: string, environment: Environment = process.env): Fence | undefined {
  const { RUNLET_STORE, RUNLET_NAMESPACE, RUNLET_RUN_ID, RUNLET_OWNER_TOKEN } = environment
  if (!RUNLET_OWNER_TOKEN || !RUNLET_RUN_ID) return undefined
  if (url !== RUNLET_STORE || namespace !== RUNLET_NAMESPACE || !namespace.endsWith(`/${RUNLET_RUN_ID}`))
    return undefined
  if (!/^[1-9]\d{0,14}$/.test(RUNLET_OWNER_TOKEN)) {
    throw new ConfigError('RUNLET_OWNER_TOKEN', 'is no token', 'Leave it as `runlet run` set it.')
  }
  return { name: OWNER_LEASE, token: Number(RUNLET_OWNER_TOKEN) }
}
