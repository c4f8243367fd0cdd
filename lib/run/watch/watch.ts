// Looking at a namespace again and again, for a live view. A look costs a bounded number of requests however much there is: the head and
// three listings, and of what these name only so many are read, the longest unseen first; what is known already is asked for by
// conditional gets. So with many runs their states are a few looks old, but never their number, their ages and the queue's length.

import { CorruptObjectError, FormatVersionError } from '../../errors.ts'
import { LeaseCell } from '../../lease/leases.ts'
import { type LockInfo, lockInfo } from '../../lease/list-locks.ts'
import { lastSegment, type NamespaceName } from '../../names.ts'
import { type Head, headSchema } from '../../namespace/head.ts'
import { readHistory } from '../../namespace/history.ts'
import { headKey, leasePrefix, queuePrefix } from '../../namespace/keys.ts'
import type { OpenNamespace } from '../../namespace/namespace.ts'
import { readIfSound } from '../../namespace/queue.ts'
import { type Meter, metered } from '../../store/metered-store.ts'
import { Register, type Version } from '../../store/register.ts'
import type * as z from '../../vendor/zod.ts'
import { listForks } from '../pin.ts'
import { ownerCell } from '../run.ts'
import { Rounds } from './rounds.ts'
import type { QueuedChange, RunGlance, Sight } from './sight.ts'

/** So many runs are read at a look, by two requests each. */
const RUNS_A_LOOK = 12
/** So many leases and queued changes, by one each. */
const LEASES_A_LOOK = 6
const QUEUED_A_LOOK = 6
/** So many commit records are looked at for folds: beyond the head, a request for each 16 to 48. */
const RECORDS_A_LOOK = 128

/** What is kept of a run's head: there may be thousands of them, of up to 64 KiB. */
const glancedHeadSchema = headSchema.transform(({ namespace, state, run, seq, createdAt, write }) => {
  return { namespace, state, label: run?.label, seq, createdAt, write }
})
type GlancedHead = z.infer<typeof glancedHeadSchema>

type Since = Sight['since']
type Glance = Omit<RunGlance, 'id'>
type SeenRun = { readonly head: Version<GlancedHead> | undefined; readonly cell: LeaseCell; readonly glance: Glance }
type SeenLease = { readonly cell: LeaseCell; readonly lock: LockInfo; readonly listedAt: number }
/** `listedAt` sets what was refused and put anew apart. */
type Queued = Pick<QueuedChange, 'run' | 'author'> & { readonly refused: boolean; readonly listedAt: number }

/** For looking at a namespace again and again; see `Namespace.watch`. */
export class Watch {
  readonly #parent: OpenNamespace
  readonly #runs = new Rounds<SeenRun>()
  readonly #leases = new Rounds<SeenLease>()
  readonly #queue = new Rounds<Queued>()
  #before: { readonly at: number; readonly head: Head } | undefined

  /** @internal */
  constructor(parent: OpenNamespace) {
    this.#parent = parent
  }

  /**
   * Looks: at most 48 requests, however much there is. One look after the other: not to be called before the one before has resolved.
   * @throws NamespaceNotFoundError, StoreError
   */
  async look(): Promise<Sight> {
    const meter: Meter = { requests: 0, bytesUp: 0, bytesDown: 0 }
    const seen = await metered(meter, async () => {
      const { value: head } = await this.#parent.head.refresh()
      const [since, runs, locks, queue] = await Promise.all([
        this.#sinceBefore(head),
        this.#lookAtRuns(),
        this.#lookAtLeases(),
        this.#lookAtQueue(),
      ])
      return { seq: head.seq, since, runs, locks, queue }
    })
    return { namespace: this.#parent.name, at: this.#parent.ambient.now(), ...seen, requests: meter.requests }
  }

  async #sinceBefore(head: Head): Promise<Since> {
    const before = this.#before
    this.#before = { at: this.#parent.ambient.monotonic(), head }
    if (!before || before.head.createdAt !== head.createdAt) return undefined
    let [records, folds] = [0, 0]
    if (head.seq > before.head.seq) {
      for await (const { seq, origin } of readHistory(this.#parent.store, head)) {
        if (seq <= before.head.seq || records === RECORDS_A_LOOK) break
        records += 1
        if (origin && !origin.discarded) folds += 1
      }
    }
    const commits = head.seq - before.head.seq
    // Of more than were looked at, as many are taken to be folds as of those.
    return {
      ms: this.#before.at - before.at,
      commits,
      folds: records > 0 ? Math.round((folds * commits) / records) : 0,
    }
  }

  async #lookAtRuns(): Promise<RunGlance[]> {
    const forks = new Map((await listForks(this.#parent)).map(fork => [fork.name, fork]))
    const all = [...forks.keys()]
    await this.#runs.look({ all, most: RUNS_A_LOOK }, (name, before) => this.#lookAtRun(name as NamespaceName, before))
    const glances = all.map((name): RunGlance => {
      const putAt = forks.get(name)?.putAt ?? 0
      const seen = this.#runs.get(name)?.glance ?? { ...UNKNOWN, state: undefined }
      return { id: lastSegment(name), ...seen, startedAt: seen.startedAt || putAt }
    })
    return glances.sort((a, b) => a.startedAt - b.startedAt)
  }

  async #lookAtRun(name: NamespaceName, before: SeenRun | undefined): Promise<SeenRun> {
    const { store, ambient } = this.#parent
    const register = new Register(store, headKey(name), glancedHeadSchema, ambient)
    const cell = before?.cell ?? ownerCell({ name, store, ambient })
    return { cell, ...(await glance(name, { register, before: before?.head, cell })) }
  }

  /** What nobody holds and nobody wrote since is not read again. */
  async #lookAtLeases(): Promise<LockInfo[]> {
    const { store, name, ambient } = this.#parent
    const prefix = leasePrefix(name)
    const listed = await listedBelow(this.#parent, prefix)
    const all = [...listed.keys()]
    const changed = all.filter(lease => {
      const seen = this.#leases.get(lease)
      return !seen || seen.lock.holder || seen.listedAt !== listed.get(lease)
    })
    await this.#leases.look({ all, among: changed, most: LEASES_A_LOOK }, async (lease, before) => {
      const cell = before?.cell ?? new LeaseCell(store, prefix + lease, lease, ambient)
      return { lock: await lockInfo(cell), cell, listedAt: listed.get(lease) ?? 0 }
    })
    return all.map(lease => this.#leases.get(lease)?.lock).filter(lock => lock !== undefined)
  }

  async #lookAtQueue(): Promise<QueuedChange[]> {
    const prefix = queuePrefix(this.#parent.name)
    const listed = await listedBelow(this.#parent, prefix)
    const all = [...listed.keys()]
    const fresh = all.filter(id => this.#queue.get(id)?.listedAt !== listed.get(id))
    await this.#queue.look({ all, among: fresh, most: QUEUED_A_LOOK }, async id => {
      const intent = await readIfSound(this.#parent, prefix + id)
      const { author, origin } = intent?.change ?? {}
      const refused = intent?.version.value.rejected !== undefined
      return { author, run: origin?.run, refused, listedAt: listed.get(id) ?? 0 }
    })
    const waiting = all.filter(id => !this.#queue.get(id)?.refused)
    return waiting
      .map(id => ({
        id,
        since: listed.get(id) ?? 0,
        run: this.#queue.get(id)?.run,
        author: this.#queue.get(id)?.author,
      }))
      .sort((a, b) => a.since - b.since)
  }
}

const UNKNOWN = { label: '', commits: 0, startedAt: 0, owner: undefined, ownerExpired: false }

interface Glanced {
  readonly register: Register<GlancedHead>
  readonly before: Version<GlancedHead> | undefined
  readonly cell: LeaseCell
}

/** One broken run must not hide the others. */
async function glance(
  name: NamespaceName,
  { register, before, cell }: Glanced,
): Promise<{ head: Version<GlancedHead> | undefined; glance: Glance }> {
  try {
    const [head, owner] = await Promise.all([register.read(before), cell.inspect()])
    if (head && head.value.namespace !== name) throw new CorruptObjectError(register.key, 'is the head of another')
    const { state = 'forking', label = '', seq = 0, createdAt = 0 } = head?.value ?? {}
    const holder = owner?.value.holder ?? undefined
    const ownerExpired = holder !== undefined && cell.available(owner)
    return { head, glance: { state, label, commits: seq, startedAt: createdAt, owner: holder, ownerExpired } }
  } catch (error) {
    if (!(error instanceof CorruptObjectError || error instanceof FormatVersionError)) throw error
    return { head: undefined, glance: { ...UNKNOWN, state: 'unreadable' } }
  }
}

/** What lies below a prefix, and when it was last written, by the store's clock. */
async function listedBelow({ store }: OpenNamespace, prefix: string): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for await (const entry of store.list({ prefix })) {
    if (entry.kind === 'object') found.set(entry.key.slice(prefix.length), entry.lastModified)
  }
  return found
}
