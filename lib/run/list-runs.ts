// The open runs of a namespace: found by their pins, each with its state and owner.
import { concurrently } from '../concurrently.ts'
import { CorruptObjectError, FormatVersionError } from '../errors.ts'
import type { Holder } from '../lease/record.ts'
import { lastSegment, type Segment } from '../names.ts'
import type { HeadState } from '../namespace/head.ts'
import { type OpenNamespace, openNamespace } from '../namespace/namespace.ts'
import { REQUESTS_AT_ONCE } from '../store/object-store.ts'
import { rowsOfHead } from './fold.ts'
import { listForks, type Pinned } from './pin.ts'
import { ownerCell } from './run.ts'

/** An open run, as its parent lists it. */
export interface RunInfo {
  /** The run's id: the last segment of its name. */
  readonly id: string
  /** Its full name: `<parent>/<id>`. */
  readonly name: string
  /** The parent's seq at the fork. */
  readonly forkSeq: number
  /** `open`, `sealed` (a fold began), `forking` (its fork was interrupted, or is under way), `folded` or `discarded` (ending). */
  readonly state: HeadState | 'forking' | 'unreadable'
  /** Of an unreadable run: why. */
  readonly problem?: string
  /** Who forked it, for people: what `fork` was told. */
  readonly label: string
  /** When it was forked, by the clock of who did; undefined where that is not known. */
  readonly startedAt: Date | undefined
  /** How many commits it made. */
  readonly commits: number
  /** How many rows they are now: a path for each, and once more for each layer of the index that it is in. */
  readonly rows: number
  /** Who holds its owner lease; undefined once it was given back. */
  readonly owner: Holder | undefined
  /** Whether the owner's lease ran out without being given back. */
  readonly ownerExpired: boolean
}

/** With `id`, only the run of that id, if it is open. */
export async function listRuns(parent: OpenNamespace, id?: Segment): Promise<RunInfo[]> {
  const forks = (await listForks(parent)).filter(fork => id === undefined || named(fork).id === id)
  const byName = new Map(forks.map(fork => [fork.name, fork]))
  const runs = await concurrently(byName.values(), REQUESTS_AT_ONCE, fork => describe(parent, fork))
  return runs.sort((a, b) => (a.startedAt?.getTime() ?? 0) - (b.startedAt?.getTime() ?? 0))
}

/** One broken run must not hide the others. */
async function describe(parent: OpenNamespace, fork: Pinned): Promise<RunInfo> {
  try {
    return await read(parent, fork)
  } catch (error) {
    if (!(error instanceof CorruptObjectError || error instanceof FormatVersionError)) throw error
    const unknown = { label: '', startedAt: undefined, commits: 0, rows: 0, owner: undefined, ownerExpired: false }
    return { ...named(fork), ...unknown, state: 'unreadable', problem: error.message }
  }
}

const named = ({ name, seq }: Pinned) => ({ id: lastSegment(name), name, forkSeq: seq })

async function read(parent: OpenNamespace, fork: Pinned): Promise<RunInfo> {
  const child = openNamespace(parent.store, fork.name, parent.ambient)
  const cell = ownerCell(child)
  const [head, owner] = await Promise.all([child.head.peek(), cell.inspect()])
  const holder = owner?.value.holder ?? undefined
  return {
    ...named(fork),
    state: head?.value.state ?? 'forking',
    label: head?.value.run?.label ?? '',
    startedAt: head && new Date(head.value.createdAt),
    commits: head?.value.seq ?? 0,
    rows: head ? rowsOfHead(head.value) : 0,
    owner: holder,
    ownerExpired: holder !== undefined && cell.available(owner),
  }
}
