// The timeline of a namespace: its runs, its commits and its locks, from what lies in the store anyway (heads, leases, history). Nothing
// is recorded for it by a request of its own.
//
// What it asks: the parent's head, and a segment of history for each 16 to 48 commits, three listings (pins, folders of runs, leases), the head
// of each run, the owner's lease of each open one and of each that was taken over, and each lock. So it grows with what is shown, and `runs` bounds that.
import PQueue from 'p-queue'
import { CorruptObjectError, FormatVersionError } from '../../errors.ts'
import { type LockInfo, listLocks } from '../../lease/list-locks.ts'
import { childName, isSegment, lastSegment, type Segment } from '../../names.ts'
import { HeadCell } from '../../namespace/context.ts'
import { type CommitRecord, type Head, hasEnded } from '../../namespace/head.ts'
import { readHistory } from '../../namespace/history.ts'
import { familyPrefix, leasePrefix } from '../../namespace/keys.ts'
import type { OpenNamespace } from '../../namespace/namespace.ts'
import { type Meter, metered } from '../../store/metered-store.ts'
import { listForks } from '../pin.ts'
import { OWNER_LEASE, ownerCell } from '../run.ts'
import { type RunStory, storyOfHead, storyOfRecord } from './story.ts'

/** What became of a namespace's runs, with its commits and locks, as they were when it was read. */
export interface Timeline {
  /** Its name. */
  readonly namespace: string
  /** When it was read: milliseconds since 1970, by this machine's clock. */
  readonly at: number
  /** The runs, newest fork first. */
  readonly runs: readonly RunStory[]
  /** How many folders of runs were not looked at, for there are more than were asked for. */
  readonly unread: number
  /** The commits, newest first, as far back as was read. */
  readonly commits: readonly CommitRecord[]
  /** Its leases. */
  readonly locks: readonly LockInfo[]
  /** What reading it cost. */
  readonly requests: number
}

export interface TimelineOptions {
  /** How many runs at most: the open ones, then those folded last, then the others in the order of their names. */
  readonly runs: number
  /** Told of the history first, then of the runs; of the history less may be read than `total` says. */
  readonly onProgress?: ((done: number, total: number, unit: 'commits' | 'runs') => void) | undefined
}

const AT_ONCE = 32
/** So many commits are read for each run that is asked for. */
const COMMITS_A_RUN = 4

export async function readTimeline(parent: OpenNamespace, options: TimelineOptions): Promise<Timeline> {
  const meter: Meter = { requests: 0, bytesUp: 0, bytesDown: 0 }
  const timeline = await metered(meter, () => gather(parent, options))
  return { ...timeline, requests: meter.requests }
}

async function gather(
  parent: OpenNamespace,
  { runs: most, onProgress }: TimelineOptions,
): Promise<Omit<Timeline, 'requests'>> {
  const { value: head } = await parent.head.refresh()
  const [commits, forks, children, locks] = await Promise.all([
    readCommits(parent, head, { runs: most, onProgress }),
    listForks(parent),
    listChildren(parent),
    listLocks(parent.store, leasePrefix(parent.name), parent.ambient),
  ])
  const adopted = new Map(commits.flatMap(record => (record.origin ? [[record.origin.fork, record] as const] : [])))
  const folded = [...adopted.values()].flatMap(({ origin }) => (origin ? [lastSegment(origin.run)] : []))
  const there = new Set([
    ...forks.map(({ name }) => lastSegment(name)),
    ...folded.filter(id => children.has(id)),
    ...children,
  ])
  const ids = [...there].slice(0, Math.max(most, forks.length))
  const queue = new PQueue({ concurrency: AT_ONCE })
  let done = 0
  const read = async (id: Segment) => {
    const story = await readStory(parent, id, adopted)
    onProgress?.(++done, ids.length, 'runs')
    return story
  }
  const now = (await Promise.all(ids.map(id => queue.add(() => read(id))))).filter(story => story !== undefined)
  const told = new Set(now.map(({ fork }) => fork))
  const earlier = [...adopted.values()].map(storyOfRecord).filter(story => story && !told.has(story.fork)) as RunStory[]
  const runs = [...now, ...earlier.slice(0, Math.max(0, most - now.length))]
  runs.sort((a, b) => b.forkedAt - a.forkedAt)
  return { namespace: parent.name, at: parent.ambient.now(), runs, unread: there.size - ids.length, commits, locks }
}

/** As many as tell of the end of so many runs, or the newest. */
async function readCommits(
  parent: OpenNamespace,
  head: Head,
  { runs, onProgress }: TimelineOptions,
): Promise<CommitRecord[]> {
  const commits: CommitRecord[] = []
  const most = Math.min(runs * COMMITS_A_RUN, head.seq)
  let ended = 0
  for await (const record of readHistory(parent.store, head)) {
    commits.push(record)
    onProgress?.(commits.length, most, 'commits')
    if (record.origin) ended += 1
    if (ended >= runs || commits.length >= most) break
  }
  return commits
}

/** The folders of runs, of whichever state: a request for each thousand. */
async function listChildren({ store, name }: OpenNamespace): Promise<Set<Segment>> {
  const prefix = familyPrefix(name)
  const ids = new Set<Segment>()
  for await (const entry of store.list({ prefix, delimiter: '/' })) {
    const id = entry.key.slice(prefix.length).replace(/\/$/, '')
    if (entry.kind === 'prefix' && isSegment(id)) ids.add(id)
  }
  return ids
}

/** Undefined where there is no head: a fork was cut short. One broken run must not hide the others. */
async function readStory(
  parent: OpenNamespace,
  id: Segment,
  adopted: ReadonlyMap<string, CommitRecord>,
): Promise<RunStory | undefined> {
  const child = { name: childName(parent.name, id), store: parent.store, ambient: parent.ambient }
  try {
    const head = await new HeadCell(child.store, child.name, child.ambient).peek()
    if (!head) return undefined
    const record = adopted.get(head.value.base?.fork ?? '')
    const ended = hasEnded(head.value.state)
    // Whose owner's token is its first was never taken over.
    if (ended && (head.value.fences[OWNER_LEASE] ?? 0) <= 1)
      return storyOfHead(id, head, { alive: false, adopted: record })
    const cell = ownerCell(child)
    const owner = await cell.inspect()
    return storyOfHead(id, head, { owner, alive: !ended && !cell.available(owner), adopted: record })
  } catch (error) {
    if (!(error instanceof CorruptObjectError || error instanceof FormatVersionError)) throw error
    return {
      id,
      fork: '',
      fate: 'unreadable',
      label: '',
      forkedAt: parent.ambient.now(),
      commits: 0,
      problem: error.message,
    }
  }
}
