// Retention over a namespace of any size: where a few rows go and where most go; and the sweeps after it.
import type { RetentionRule } from '../../../../lib/run/retention/rules.ts'
import type { Measured } from '../../index/bucket.ts'
import { BIG_MODEL, pathOf, rowsOfModel, VERSIONS } from '../../index/data.ts'
import type { Figure } from '../figures.ts'
import { at, figureOf, HOUR_MS, have, type Place, settle, sweep, sweepLater } from './place.ts'

const FEW = 7
const FIRST_VERSION = 70_000
const KEPT = 5

const versions = (newest: number): RetentionRule => ({
  path: 'data/{type}/{model}/{name}/{version}/**',
  keep: { newest, by: 'version' },
})

export function measureRetention(rows: number): Promise<Figure[]> {
  return at(rows, 'objects', async place => {
    await settle(place)
    const few = await removesFew(place)
    const group = await surveysOneGroup(place)
    const most = await have(place, { kind: 'retain', namespace: place.namespace, rule: versions(KEPT), dryRun: false })
    if (most.answer.count < rows * 0.8) throw new Error(`retention deleted ${most.answer.count} of ${rows} rows`)
    await place.bucket.advance(HOUR_MS)
    const found = await sweep(place)
    return [
      few,
      group,
      figureOf('retain most', place, [most]),
      figureOf('most found', place, [found]),
      figureOf('most deleted', place, [await sweepLater(place)]),
    ]
  })
}

/** All rows weighed against each other; said only, for they are removed below. */
async function surveysOneGroup(place: Place): Promise<Figure> {
  const { namespace, rows } = place
  const rule: RetentionRule = { path: 'data/**', maxBytes: 1 }
  const measured = await have(place, { kind: 'retain', namespace, rule, dryRun: true })
  if (measured.answer.count < rows) throw new Error(`retention would delete ${measured.answer.count} of ${rows} rows`)
  return figureOf('retain group', place, [measured])
}

/** One name of the big model has a few versions more than the others; those are too many. */
async function removesFew(place: Place): Promise<Figure> {
  const { namespace, rows } = place
  const paths = Array.from({ length: FEW }, (_, i) => pathOf(BIG_MODEL, 0, FIRST_VERSION + i))
  await have(place, { kind: 'write', namespace, paths, salt: '' })
  const rule = versions(Math.min(VERSIONS.big, rowsOfModel(rows, BIG_MODEL)))
  const measured: Measured = await have(place, { kind: 'retain', namespace, rule, dryRun: false })
  if (measured.answer.count !== FEW) throw new Error(`retention deleted ${measured.answer.count} rows, not ${FEW}`)
  return figureOf('retain few', place, [measured])
}
