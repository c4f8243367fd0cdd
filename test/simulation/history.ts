// The history of a simulation: every write that a process asked for, and what it was told. Each writes values that nobody else
// writes, and a commit names its invocation in its message: so whatever lies in the store can be traced to who asked for it.
import type { RunletError } from '../../lib/errors.ts'
import type { Committed } from '../../lib/namespace/committer.ts'
import { sha256 } from './decode.ts'
import { isRunletError, Violation } from './violation.ts'

/** The paths that a write sets, with the SHA-256 of the value; undefined for a deletion. */
export type Effect = Map<string, string | undefined>

export interface Invocation {
  readonly id: number
  readonly process: string
  readonly namespace: string
  /** A `put` may share its commit with others of its process. */
  readonly kind: 'put' | 'commit'
  readonly writes: Effect
  /** What it saw, of the paths that it looked at first. */
  readonly reads: Effect
  readonly lock: { readonly name: string; readonly token: number } | undefined
  told: 'ok' | 'refused' | 'unknown'
  /** The commit that it became. */
  applied: number | undefined
}

/** These say that nothing was written. */
const REFUSALS = [
  'ERR_RUNLET_CONFLICT',
  'ERR_RUNLET_NAMESPACE_SEALED',
  'ERR_RUNLET_LEASE_LOST',
  'ERR_RUNLET_CHANGE_REFUSED',
  'ERR_RUNLET_WRITE_STALE',
  'ERR_RUNLET_NAMESPACE_NOT_FOUND',
]

export class History {
  readonly invocations: Invocation[] = []
  private readonly byValue = new Map<string, Invocation>()
  private readonly values = new Map<string, string>()

  /** Begins a write; what it does is added with `writes`. */
  begin(about: Pick<Invocation, 'process' | 'namespace' | 'kind' | 'lock'>): Invocation {
    const id = this.invocations.length
    const begun = { ...about, id, writes: new Map(), reads: new Map() }
    const invocation: Invocation = { ...begun, told: 'unknown', applied: undefined }
    this.invocations.push(invocation)
    return invocation
  }

  /** Notes that the invocation sets `path`; `value` is not written by anybody else. */
  writes(invocation: Invocation, path: string, value: string | undefined): void {
    const sha = value === undefined ? undefined : sha256(value)
    invocation.writes.set(path, sha)
    if (sha === undefined || value === undefined) return
    this.byValue.set(sha, invocation)
    this.values.set(sha, value)
  }

  /** The value with this SHA-256, if somebody wrote it. */
  value(sha: string): string | undefined {
    return this.values.get(sha)
  }

  /** Who wrote the value with this SHA-256. */
  writerOf(sha: string | undefined): Invocation | undefined {
    return sha === undefined ? undefined : this.byValue.get(sha)
  }

  byMessage(message: string): Invocation | undefined {
    return message.startsWith('#') ? this.invocations[Number(message.slice(1))] : undefined
  }

  /** Does the write, and notes what its process was told. */
  async of(invocation: Invocation, write: () => Promise<Committed>): Promise<Committed> {
    try {
      const committed = await write()
      invocation.told = 'ok'
      if (invocation.applied !== committed.seq) {
        const where = invocation.applied === undefined ? 'nowhere' : `in commit ${invocation.applied}`
        throw new Violation(
          'G1',
          `write #${invocation.id} was acknowledged as commit ${committed.seq}, and is ${where}`,
        )
      }
      return committed
    } catch (error) {
      if (isRunletError(error) && isRefusal(error)) invocation.told = 'refused'
      throw error
    }
  }
}

const isRefusal = ({ code }: RunletError): boolean => REFUSALS.includes(code)
