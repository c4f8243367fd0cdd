// Runs by the thousand: swept after they were folded, and after their owners died.
import type { Measured } from '../../index/bucket.ts'
import type { Figure, OperationName } from '../figures.ts'
import { at, figureOf, HOUR_MS, have, type Place, settle, sweep, sweepLater } from './place.ts'

const FOLDED = 1_000
const LEFT = 100
const A_PROCESS = 250
const MOST_SWEEPS = 10

export function measureEndedRuns(rows: number): Promise<Figure[]> {
  return at(rows, 'objects', async place => {
    await settle(place)
    const { namespace } = place
    for (let from = 0; from < FOLDED; from += A_PROCESS)
      await have(place, { kind: 'end runs', namespace, from, to: from + A_PROCESS })
    const noted = figureOf('folded noted', place, [await sweep(place)], FOLDED)
    const emptied = figureOf('folded emptied', place, await sweepUntilDone(place), FOLDED)
    await checkEmpty(place, FOLDED)
    return [noted, emptied]
  })
}

export function measureLeftRuns(rows: number): Promise<Figure[]> {
  return at(rows, 'objects', async place => {
    await settle(place)
    return [
      await left(place, { operation: 'left folded', onError: 'fold', from: 0 }),
      await left(place, { operation: 'left discarded', onError: 'discard', from: LEFT }),
      figureOf('left emptied', place, await sweepUntilDone(place), 2 * LEFT),
    ]
  })
}

interface Left {
  readonly operation: OperationName
  readonly onError: 'fold' | 'discard'
  readonly from: number
}

/** Their owner is killed, and their leases run out. */
async function left(place: Place, { operation, onError, from }: Left): Promise<Figure> {
  const { bucket, namespace } = place
  const owner = bucket.workers.take()
  await bucket.give(owner, { kind: 'leave runs', namespace, from, to: from + LEFT, onError })
  owner.discard()
  await bucket.advance(HOUR_MS / 4)
  const swept = await sweep(place)
  if (swept.answer.count !== LEFT) throw new Error(`${operation}: ${swept.answer.count} runs were ended, not ${LEFT}`)
  return figureOf(operation, place, [swept], LEFT)
}

/** Sweeps, a grace period apart, until one has deleted nothing. */
async function sweepUntilDone(place: Place): Promise<Measured[]> {
  const sweeps: Measured[] = []
  for (let i = 0; i < MOST_SWEEPS; i++) {
    const swept = await sweepLater(place)
    if ((swept.answer.removed?.objects ?? 0) === 0) return sweeps
    sweeps.push(swept)
  }
  throw new Error(`after ${MOST_SWEEPS} sweeps there is still something to delete`)
}

/** Of each run stay its head, its lease and what its parent adopted. */
async function checkEmpty({ bucket, namespace }: Place, runs: number): Promise<void> {
  const { objects } = await bucket.stored(`ns/${namespace}/run-`)
  if (objects > 3 * runs) throw new Error(`of ${runs} runs there are ${objects} objects left`)
}
