// One KiB written to a small model and to the big one: by new processes, and by one that goes on writing.
import { minus, total } from '../bucket.ts'
import { BIG_MODEL, namesOf, pathOf, SMALL_MODEL } from '../data.ts'
import type { Figure, OperationName } from '../figures.ts'
import { each, figureOf, measureAt, type Place } from './place.ts'

const WARM_UP = 5
const WARM_PUTS = 50
/** Above those of the base and of the history. */
const FIRST_VERSION = 40_000

export async function measureSmallWrites(place: Place): Promise<Figure[]> {
  return [
    await newProcesses('put new small', place, SMALL_MODEL),
    await newProcesses('put new big', place, BIG_MODEL),
    await warmProcess('put warm small', place, SMALL_MODEL),
    await warmProcess('put warm big', place, BIG_MODEL),
  ]
}

const pathsOf = ({ rows }: Place, model: number, first: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => pathOf(model, i % namesOf(rows, model), FIRST_VERSION + first + i))

async function newProcesses(operation: OperationName, place: Place, model: number): Promise<Figure> {
  const { namespace, tries } = place
  const measured = []
  for (const path of pathsOf(place, model, 0, tries)) {
    measured.push(await measureAt(place, { kind: 'put', namespace, paths: [path] }))
  }
  return figureOf(operation, place, measured)
}

async function warmProcess(operation: OperationName, place: Place, model: number): Promise<Figure> {
  const paths = pathsOf(place, model, 1000, WARM_UP + WARM_PUTS)
  const { answer, all, peakBytes } = await measureAt(place, { kind: 'put', namespace: place.namespace, paths })
  const samples = answer.own.slice(WARM_UP).map(cost => ({ ...cost, peakBytes, trace: [] }))
  const upkeep = each(minus(all, total(answer.own)), paths.length)
  return { operation, rows: place.rows, samples, about: 0, upkeep }
}
