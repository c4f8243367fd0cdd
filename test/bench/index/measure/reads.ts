// Reading by a new process: one path, and the listing of a model.
import type { Measured } from '../bucket.ts'
import { BIG_MODEL, modelPrefix, rowsOfModel, SMALL_MODEL, samplePath } from '../data.ts'
import type { Figure, OperationName } from '../figures.ts'
import { figureOf, measureAt, type Place } from './place.ts'

const PATHS = 3

export async function measureReads(place: Place): Promise<Figure[]> {
  return [
    await gets('get small', place, SMALL_MODEL),
    await gets('get big', place, BIG_MODEL),
    await list('list small', place, SMALL_MODEL),
    await list('list big', place, BIG_MODEL),
  ]
}

async function gets(operation: OperationName, place: Place, model: number): Promise<Figure> {
  const measured: Measured[] = []
  for (let sample = 0; sample < PATHS; sample++) {
    const path = samplePath(place.rows, model, sample * 5 + 1)
    measured.push(await measureAt(place, { kind: 'get', namespace: place.namespace, path }))
  }
  return figureOf(operation, place, measured)
}

async function list(operation: OperationName, place: Place, model: number): Promise<Figure> {
  const { namespace, rows } = place
  const measured = await measureAt(place, { kind: 'list', namespace, prefix: modelPrefix(model) })
  const { count } = measured.answer
  if (count < rowsOfModel(rows, model)) throw new Error(`the listing shows ${count} rows of model ${model}`)
  return figureOf(operation, place, [measured], count)
}
