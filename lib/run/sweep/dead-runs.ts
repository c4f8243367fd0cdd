// Runs that nobody looks after any more: forks and ends that a crash cut short, and runs whose owner is gone. What becomes of them was
// recorded when they were forked. Each step is what an owner would have done, and is safe beside an owner that wakes (G7).
// A run's user may write the run's head as it likes, and a sweep has the rights of the parent's writer. So nothing is folded on the word of
// that head alone: only what its pin, or the sign of a fold beside the pin, says. To keep or discard it, its user has the right itself.
import { NamespaceSealedError, RunInUseError, RunletError } from '../../errors.ts'
import type { LeaseRecord } from '../../lease/record.ts'
import { lastSegment, type NamespaceName } from '../../names.ts'
import { type Head, hasEnded } from '../../namespace/head.ts'
import type { OpenNamespace } from '../../namespace/namespace.ts'
import { orphanAgeOf } from '../../store/grace.ts'
import type { Version } from '../../store/register.ts'
import { discardRun } from '../discard.ts'
import { foldRun, rowsOfHead } from '../fold.ts'
import { choiceOf, isOfRefresh, isSignOf, type Pinned, removeAllPins, removeForks } from '../pin.ts'
import { resumeRun } from '../resume.ts'
import { ownerCell, releaseRun } from '../run.ts'
import { noteEnded } from './garbage-list.ts'
import { removeOutlived } from './outlived-pins.ts'
import type { SweptRun } from './report.ts'
import { noteGone, type PinnedRun, raiseSweeps, type Sweeping } from './sweeping.ts'

/** Long enough for a fold of a large run; it is renewed. */
const TTL_MS = 60_000
const LABEL = 'sweep'
const RETRY_MS = 86_400_000

interface Found extends PinnedRun {
  readonly head: Version<Head> | undefined
  readonly owner: Version<LeaseRecord> | undefined
}

export async function sweepRun(run: PinnedRun, sweeping: Sweeping): Promise<void> {
  const { name } = run.child
  const cell = ownerCell(run.child)
  const [head, owner] = await Promise.all([run.child.head.peek(), cell.inspect()])
  const found: Found = { ...run, head, owner }
  const state = head?.value.state
  if (state === undefined) return removeCutShort(found, sweeping)
  if (hasEnded(state)) return finishEnd(found, head?.value as Head, sweeping)
  await removeDangling(found, sweeping)
  await removeOutlived(run, head as Version<Head>, sweeping)
  if (!cell.available(owner)) return
  const choice = await choose(found, sweeping)
  const { done, problem } =
    sweeping.dryRun || choice.done === 'kept' ? choice : await endAs(found, choice.done, sweeping)
  const swept: SweptRun = { name, was: state, done, ...(problem !== undefined && { problem }) }
  sweeping.tally.runs.push(swept)
  // Its end took them away.
  if (done !== 'kept') noteGone(pinsOf(found, head?.value as Head), sweeping)
}

/** Its pins that its head stands on, and the sign of its fold. */
function pinsOf({ forks, signs }: PinnedRun, head: Head): Pinned[] {
  const own = new Set([head.base, ...(head.oldBases ?? [])].map(one => one?.fork))
  return [...forks.filter(({ fork }) => own.has(fork)), ...signs.filter(sign => isSignOf(head, sign))]
}

interface Choice {
  readonly done: 'kept' | 'folded' | 'discarded'
  readonly problem?: string
}

/** What is to become of a run whose owner is gone. */
async function choose(found: Found, sweeping: Sweeping): Promise<Choice> {
  const { head, owner, now } = found
  const { state, run } = (head as Version<Head>).value
  if (state === 'sealed' && isSigned(found)) {
    // What a sweep has tried and could not do, it tries again a day later.
    const wasTried = owner?.value.last?.label === LABEL && now - (owner.lastModified ?? 0) < RETRY_MS
    return { done: wasTried ? 'kept' : 'folded' }
  }
  const isOver = isGivenUp(found, sweeping)
  // One that outlives its processes: that the last one of them died says nothing. An owner that gave it back left it for somebody to go on
  // with.
  const outlives = run?.keepMs !== undefined
  const isTime = outlives ? isOver : Boolean(owner?.value.holder)
  const chosen = isTime ? run?.onError : 'keep'
  if (chosen === 'fold' && (await saysFold(found))) return { done: 'folded' }
  const done = isOver || (chosen === 'discard' && !outlives) ? 'discarded' : 'kept'
  return { done, ...(chosen === 'fold' && { problem: UNTOLD }) }
}

const UNTOLD = 'that it is to be folded only its own head says, which is not enough: fold or discard it by hand'

/** Whether who may write the parent has begun to fold it as it is. */
const isSigned = ({ head, forks, signs }: Found): boolean => {
  const { value } = head as Version<Head>
  return forks.some(({ fork }) => fork === value.base?.fork) && signs.some(sign => isSignOf(value, sign))
}

/** Whether the forks that may have made it have chosen so, in the folder of the parent. */
async function saysFold({ parent, forks }: Found): Promise<boolean> {
  const made = forks.filter(fork => !isOfRefresh(fork))
  const choices = await Promise.all(made.map(fork => choiceOf(parent, fork)))
  return choices.length > 0 && choices.every(choice => choice === 'fold')
}

/**
 * Whether nobody has worked on it for long. The store's clock tells when it was forked or refreshed, and when its owner was last there; of
 * the clocks of those who worked on it one may be years behind or ahead. A sweep that tried to end it is nobody.
 */
function isGivenUp({ head, owner, forks, now }: Found, { keepMs }: Sweeping): boolean {
  const { createdAt, commits, run } = (head as Version<Head>).value
  const isSweep = (owner?.value.holder?.label ?? owner?.value.last?.label) === LABEL
  const told = [createdAt, commits.at(-1)?.at ?? 0, isSweep ? 0 : (owner?.value.acquiredAt ?? 0)]
  const known = [...forks.map(({ putAt }) => putAt), isSweep ? 0 : (owner?.lastModified ?? 0)]
  return now - Math.max(...known, ...told.filter(at => at <= now)) > Math.max(keepMs, run?.keepMs ?? 0)
}

interface Ended {
  readonly done: SweptRun['done']
  readonly problem?: string
}

/** A sealed run that cannot be folded is nobody's to write to any more; once it was kept for as long as any other, it is discarded. */
async function endAs(found: Found, how: 'folded' | 'discarded', sweeping: Sweeping): Promise<Ended> {
  const wasSealed = found.head?.value.state === 'sealed'
  const ended = await end(found, how, sweeping)
  const isHopeless = how === 'folded' && ended.problem !== undefined && wasSealed && isGivenUp(found, sweeping)
  return isHopeless ? end(found, 'discarded', sweeping) : ended
}

async function end(found: Found, how: 'folded' | 'discarded', sweeping: Sweeping): Promise<Ended> {
  const { parent, child } = found
  const { author, signal } = sweeping
  try {
    const run = await resumeRun(parent, lastSegment(child.name), {
      label: LABEL,
      onError: 'keep',
      ttlMs: TTL_MS,
      signal,
    })
    try {
      if (how === 'folded') await foldRun(run, { author, message: `sweep: fold ${run.name}` })
      else await discardRun(run, author)
      return { done: how }
    } catch (error) {
      await releaseRun(run)
      throw error
    }
  } catch (error) {
    if (error instanceof RunInUseError) return { done: 'kept' } // somebody was faster
    if (!(error instanceof RunletError)) throw error
    if (how === 'folded' && isDiscarded(error, child.name)) return end(found, 'discarded', sweeping)
    return { done: 'kept', problem: error.message }
  }
}

/** A discard got as far as having the parent refuse every fold, and was killed. */
const isDiscarded = (error: RunletError, run: string): boolean =>
  error instanceof NamespaceSealedError && error.namespace === run && error.state === 'discarded'

/**
 * Its end stands; only its pins are left. Any others are of a refresh that never came to stand, or of a fork that is about to take over
 * the head: those must be as old as what a fork that was cut short leaves.
 */
async function finishEnd(found: Found, head: Head, sweeping: Sweeping): Promise<void> {
  const { parent, child, forks, now } = found
  const { tally, dryRun } = sweeping
  const own = pinsOf(found, head)
  const others = forks.filter(fork => !own.includes(fork) && isOld(parent, fork, now))
  if (own.length + others.length === 0) return
  tally.runs.push({ name: child.name, was: 'ended', done: 'removed' })
  if (own.length > 0 && !dryRun) {
    if (needsNote(head)) await noteEnded(parent, child.name)
    await removeAllPins(parent, head)
  }
  noteGone(own, sweeping)
  if (others.length > 0 && !dryRun) {
    await raiseSweeps(parent)
    const { value } = await child.head.refresh()
    if (value.base?.fork !== head.base?.fork) return
    await removeForks(parent, others)
  }
  noteGone(others, sweeping)
}

/** Of the others the parent's history tells. */
const needsNote = (head: Head): boolean => head.state === 'discarded' || rowsOfHead(head) === 0

/** A fork that never came to have a head. One that goes on after all sees that the parent's head was swapped, and starts over. */
async function removeCutShort(found: Found, sweeping: Sweeping): Promise<void> {
  const { parent, child, forks, now } = found
  if (!forks.every(fork => isOld(parent, fork, now))) return
  if (!sweeping.dryRun) {
    await raiseSweeps(parent)
    if (await child.head.peek()) return
    await removeForks(parent, forks)
  }
  noteGone(forks, sweeping)
  sweeping.tally.runs.push({ name: child.name, was: 'forking', done: 'removed' })
}

/** Pins of refreshes that never came to stand. The run's head is swapped first: a refresh that sleeps looks again. */
async function removeDangling({ parent, child, forks, now }: Found, sweeping: Sweeping): Promise<void> {
  const dangling = (head: Head | undefined) => {
    const bases = new Set([head?.base, ...(head?.oldBases ?? [])].map(base => base?.fork))
    return forks.filter(fork => !bases.has(fork.fork) && isOld(parent, fork, now))
  }
  if (dangling(child.head.known?.value).length === 0) return
  if (!sweeping.dryRun) await raiseSweeps(child)
  const removed = dangling(child.head.known?.value)
  if (!sweeping.dryRun) await removeForks(parent, removed)
  noteGone(removed, sweeping)
}

const isOld = ({ store }: OpenNamespace, fork: Pinned, now: number): boolean => now - fork.putAt > orphanAgeOf(store)

/** The pins by the run that they are of. */
export function byRun(forks: readonly Pinned[]): [NamespaceName, Pinned[]][] {
  const runs = new Map<NamespaceName, Pinned[]>()
  for (const fork of forks) runs.set(fork.name, [...(runs.get(fork.name) ?? []), fork])
  return [...runs]
}
