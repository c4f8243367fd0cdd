// Seven rows of a namespace of any size: the sweeps after they were deleted or overwritten, beside sweeps that have nothing to do, and
// the same as tools do it today.
import { BIG_MODEL, namePrefix, namesOf, pathOf } from '../../index/data.ts'
import type { Figure } from '../figures.ts'
import { VALUE_BYTES } from '../jobs.ts'
import { at, DAY_MS, figureOf, have, type Place, settle, sweep, sweepLater } from './place.ts'

const COUNT = 7
const FIRST_VERSION = 70_000

export function measureRows(rows: number): Promise<Figure[]> {
  return at(rows, 'objects', async place => {
    const { bucket, namespace } = place
    await have(place, { kind: 'history', namespace, rows })
    for (const paths of [near(), far(rows)]) await have(place, { kind: 'write', namespace, paths, salt: '' })
    await have(place, { kind: 'compact', namespace })
    await bucket.advance(DAY_MS / 4)
    const first = figureOf('first', place, [await sweep(place)])
    await settle(place)
    return [
      first,
      figureOf('nothing', place, [await sweep(place)]),
      await overwritten(place),
      await deleted(place, 'near deleted', near()),
      await deleted(place, 'far deleted', far(rows)),
      ...(await orphans(place)),
      await locked(place),
    ]
  })
}

/** Versions of one name, as retention deletes them: side by side in the index. */
const near = (): string[] => Array.from({ length: COUNT }, (_, i) => pathOf(BIG_MODEL, 0, FIRST_VERSION + i))

/** One of each of some models. */
const far = (rows: number): string[] =>
  Array.from({ length: COUNT }, (_, i) => `${namePrefix(1 + i * 5, namesOf(rows, 1 + i * 5) - 1)}${FIRST_VERSION}/raw`)

async function deleted(place: Place, operation: 'near deleted' | 'far deleted', paths: string[]): Promise<Figure> {
  await have(place, { kind: 'delete', namespace: place.namespace, paths })
  return sweptTwice(place, operation)
}

async function overwritten(place: Place): Promise<Figure> {
  await have(place, { kind: 'write', namespace: place.namespace, paths: near(), salt: 'again' })
  return sweptTwice(place, 'near overwritten')
}

/** The sweep that finds, and the one that deletes. */
async function sweptTwice(place: Place, operation: Figure['operation']): Promise<Figure> {
  const figure = figureOf(operation, place, [await sweep(place), await sweepLater(place)])
  check(figure, COUNT * VALUE_BYTES)
  await settle(place)
  return figure
}

/** Nothing is measured that did not do its work. */
function check({ operation, rows, removed }: Figure, bytes: number): void {
  if (removed.bytes < bytes)
    throw new Error(`${operation}, ${rows} rows: ${removed.bytes} bytes were deleted, not ${bytes} and more`)
}

/** What was written and lost again between two sweeps, only a look for orphans finds. */
async function orphans(place: Place): Promise<Figure[]> {
  const { namespace } = place
  const first = figureOf('first orphans', place, [await sweepLater(place, DAY_MS)])
  await settle(place)
  await have(place, { kind: 'write', namespace, paths: near(), salt: 'lost' })
  await have(place, { kind: 'write', namespace, paths: near(), salt: 'kept' })
  await have(place, { kind: 'compact', namespace })
  await settle(place)
  const next = figureOf('orphans', place, [await sweepLater(place, DAY_MS), await sweepLater(place)])
  check(next, COUNT * VALUE_BYTES)
  return [first, next]
}

async function locked(place: Place): Promise<Figure> {
  await have(place, { kind: 'prepare locked index', rows: place.rows, model: undefined })
  const paths = Array.from({ length: COUNT }, (_, i) => pathOf(BIG_MODEL, 0, 1 + i))
  return figureOf('locked', place, [await have(place, { kind: 'locked delete', paths })])
}
