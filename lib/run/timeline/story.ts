// What is told of one life of a run, from what lies in the store: its head and its owner's lease, or, when the next run of the same id
// has taken these over, the parent's record of its fold. Pure. Times are for people: each by the clock of whoever did it.
import { describeHolder, type LeaseRecord } from '../../lease/record.ts'
import { lastSegment } from '../../names.ts'
import { type CommitRecord, type Head, hasEnded } from '../../namespace/head.ts'
import { timeOfId } from '../../namespace/object-id.ts'
import type { Version } from '../../store/register.ts'

/**
 * What became of a run. `working`: it has an owner; `folding`: that is folding it. `kept`: it was given up, by a program that failed, by a fold that was refused,
 * or on purpose. `gone`: its owner was not heard of for its lease's time to live. `folded` and `discarded`: it has ended.
 */
export type RunFate = 'working' | 'folding' | 'kept' | 'gone' | 'folded' | 'discarded' | 'unreadable'

/** What became of one run, and when. Times are milliseconds since 1970, by the clocks of who did it; for people. */
export interface RunStory {
  /** The run's id. */
  readonly id: string
  /** Tells lives of the same id apart. */
  readonly fork: string
  /** What became of it so far. */
  readonly fate: RunFate
  /** Who forked it, for people. */
  readonly label: string
  /** Who owns it. Of a run that has one. */
  readonly owner?: string
  /** When it was forked. */
  readonly forkedAt: number
  /** When it was first written to. */
  readonly firstWriteAt?: number
  /** When its fold began. */
  readonly sealedAt?: number
  /** How long its fold waited for others, in milliseconds. */
  readonly waitedMs?: number
  /** When it was folded or discarded, or, of one that nobody owns, when its owner gave it up or was last heard of. */
  readonly endedAt?: number
  /** Of one that somebody took over, to go on with it or to end it: since when nobody had looked after it, and until when. */
  readonly left?: {
    /** Since when, in milliseconds since 1970. */
    readonly from: number
    /** Until when. */
    readonly to: number
    /** Whether its owner had given it back, or died. */
    readonly as: 'kept' | 'gone'
  }
  /** How many commits it made. */
  readonly commits: number
  /** How many paths its fold changed. */
  readonly rows?: number
  /** The parent's commit that adopted it. */
  readonly seq?: number
  /** Of an unreadable one: why. */
  readonly problem?: string
}

/** As the run's own head has it. `adopted`: the parent's record of its fold, which may be ahead of the head. */
export function storyOfHead(
  id: string,
  { value: head, lastModified }: Version<Head>,
  {
    owner,
    alive,
    adopted,
  }: { owner?: Version<LeaseRecord> | undefined; alive: boolean; adopted?: CommitRecord | undefined },
): RunStory {
  const { firstAt, sealedAt, folded } = head
  const fate = fateOf(head, { alive, given: !owner?.value.holder, adopted })
  const ended = fate === 'folded' || fate === 'discarded'
  // Of a run from before the end was recorded: the parent's record, or the last write of its head, until a sweep empties that.
  const known = head.endedAt ?? adopted?.at ?? (head.emptied ? undefined : lastModified)
  const endedAt = ended ? known : fate === 'kept' || fate === 'gone' ? leftAt(owner) : undefined
  const rows = folded?.rows ?? adopted?.rows
  const seq = folded?.seq ?? adopted?.seq
  const left = leftBefore(owner, head.createdAt)
  return {
    id,
    fork: head.base?.fork ?? '',
    fate,
    label: head.run?.label ?? '',
    ...(alive && !ended && { owner: describeHolder(owner?.value.holder) }),
    forkedAt: head.createdAt,
    ...(firstAt !== undefined && { firstWriteAt: firstAt }),
    ...(sealedAt !== undefined && { sealedAt }),
    ...(folded?.waitedMs !== undefined && { waitedMs: folded.waitedMs }),
    ...(endedAt !== undefined && { endedAt }),
    ...(left && { left }),
    commits: head.seq,
    ...(ended && rows !== undefined && { rows }),
    ...(ended && seq !== undefined && { seq }),
  }
}

function fateOf(
  head: Head,
  { alive, given, adopted }: { alive: boolean; given: boolean; adopted?: CommitRecord | undefined },
): RunFate {
  if (hasEnded(head.state)) return head.state
  if (adopted) return adopted.origin?.discarded ? 'discarded' : 'folded'
  if (!alive) return given ? 'kept' : 'gone'
  return head.state === 'sealed' ? 'folding' : 'working'
}

/** When it was given back, by its holder's clock; else when it was last renewed, by the store's. */
function leftAt(owner: Version<LeaseRecord> | undefined): number | undefined {
  if (!owner) return undefined
  const { holder, acquiredAt, last } = owner.value
  return holder ? owner.lastModified : acquiredAt + (last?.heldMs ?? 0)
}

/** What lies between the last two holdings. One that ended before the fork was of an earlier life of the id. */
function leftBefore(owner: Version<LeaseRecord> | undefined, forkedAt: number): RunStory['left'] {
  const { holder, acquiredAt, held: [last, before] = [] } = owner?.value ?? {}
  const [over, to] = holder ? [last, acquiredAt] : [before, last?.at]
  if (!over || to === undefined) return undefined
  const from = over.heldMs === undefined ? over.lastSeenAt : over.at + over.heldMs
  if (from === undefined || from < forkedAt || from >= to) return undefined
  return { from, to, as: over.heldMs === undefined ? 'gone' : 'kept' }
}

/** As the parent's record of its fold has it; undefined for any other commit. */
export function storyOfRecord({ origin, at, rows, seq }: CommitRecord): RunStory | undefined {
  if (!origin) return undefined
  const { run, fork, discarded, seq: commits } = origin
  const forkedAt = timeOfId(fork) ?? at
  const ended = discarded ? { fate: 'discarded' as const } : { fate: 'folded' as const, rows, seq }
  return {
    id: lastSegment(run),
    fork,
    label: '',
    forkedAt: Math.min(forkedAt, at),
    sealedAt: at,
    endedAt: at,
    commits,
    ...ended,
  }
}
