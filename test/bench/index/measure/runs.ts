// A run on a namespace of any size: its fork, and its fold.
import { sumOf, traceOf } from '../bucket.ts'
import type { Figure, Sample } from '../figures.ts'
import { runPaths } from '../history.ts'
import { figureOf, measureAt, noteHeads, type Place } from './place.ts'

export async function measureRuns(place: Place): Promise<Figure[]> {
  return [await forks(place), await folds(place)]
}

async function forks(place: Place): Promise<Figure> {
  const measured = []
  for (let i = 0; i < place.tries; i++) {
    measured.push(await measureAt(place, { kind: 'fork', namespace: place.namespace, id: `forked-${i}` }))
  }
  return figureOf('fork', place, measured)
}

/** Counted at the server from the call until it resolves; what the parent's upkeep adds after that is in nobody's way. */
async function folds(place: Place): Promise<Figure> {
  const { bucket, namespace, rows } = place
  const samples: Sample[] = []
  for (let i = 0; i < place.tries; i++) {
    const worker = bucket.workers.take()
    const id = `folded-${i}`
    await bucket.give(worker, { kind: 'fill run', namespace, id, paths: runPaths(rows, id) })
    const { value, seen } = await bucket.watch(() => bucket.give(worker, { kind: 'fold' }))
    const { peakBytes } = await worker.end()
    noteHeads(place, seen)
    samples.push({ ...sumOf(seen), requests: value.count, peakBytes, trace: traceOf(seen) })
  }
  return { operation: 'fold', rows, samples, about: 0, upkeep: { requests: 0, bytesUp: 0, bytesDown: 0 } }
}
