// What a run did when, as stretches of its lane. Pure.
import type { PageRun, RunFate } from '../page-data.ts'

/** `idle`: before its first write. `waiting`: its fold waits for others. `left`: nobody owns it any more. */
type Phase = 'idle' | 'working' | 'waiting' | 'folding' | 'left'

interface Segment {
  readonly phase: Phase
  readonly from: number
  readonly to: number
}

const IS_LEFT: ReadonlySet<RunFate> = new Set(['kept', 'gone'])

export function segmentsOf(run: PageRun, now: number): Segment[] {
  const { fate, forkedAt, firstWriteAt, sealedAt, waitedMs = 0, left } = run
  const end = endOf(run, now)
  const sealed = clamp(sealedAt ?? end, forkedAt, end)
  // Of a run that wrote nothing, and of one from before the first write was recorded, nothing is known but that it was at work.
  const first = clamp(firstWriteAt ?? forkedAt, forkedAt, sealed)
  const led = Math.min(sealed + waitedMs, end)
  const all: Segment[] = [
    { phase: 'idle', from: forkedAt, to: first },
    { phase: 'working', from: first, to: sealed },
    { phase: 'waiting', from: sealed, to: led },
    { phase: 'folding', from: led, to: end },
    { phase: 'left', from: end, to: IS_LEFT.has(fate) ? now : end },
  ]
  const shown = left ? cutBy({ from: clamp(left.from, forkedAt, end), to: clamp(left.to, forkedAt, end) }, all) : all
  return shown.filter(({ from, to }) => to > from)
}

/** Nobody worked in the gap. */
function cutBy(gap: { from: number; to: number }, all: readonly Segment[]): Segment[] {
  if (gap.to <= gap.from) return [...all]
  const before = all.map(each => ({ ...each, to: Math.min(each.to, gap.from) }))
  const after = all.map(each => ({ ...each, from: Math.max(each.from, gap.to) }))
  return [...before, { phase: 'left', ...gap }, ...after]
}

/** The times at which somebody worked on it. */
export function workedOf(run: PageRun, now: number): (readonly [from: number, to: number])[] {
  const [from, to] = [run.forkedAt, endOf(run, now)]
  const gap = segmentsOf(run, now).find(({ phase, to: over }) => phase === 'left' && over <= to)
  return gap
    ? [
        [from, gap.from],
        [gap.to, to],
      ]
    : [[from, to]]
}

/** When somebody last worked on it. */
export function endOf({ endedAt, forkedAt, sealedAt = forkedAt }: PageRun, now: number): number {
  return Math.max(endedAt ?? now, sealedAt, forkedAt)
}

/** From its fork to its end, or to now where it is still there. */
export function spanOf(run: PageRun, now: number): [from: number, to: number] {
  return [run.forkedAt, IS_LEFT.has(run.fate) ? Math.max(now, endOf(run, now)) : endOf(run, now)]
}

const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most)
