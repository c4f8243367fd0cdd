// A working copy of a few paths in a namespace of any size, pulled by a new process each time: when nothing happened, when
// somebody changed a path of it, and when somebody changed another one.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Measured } from '../bucket.ts'
import { BIG_MODEL, pathOf, WATCHED_PREFIX, watchedRows } from '../data.ts'
import type { Figure } from '../figures.ts'
import { figureOf, measureAt, type Place } from './place.ts'

const UNCHANGED = 2
const FIRST_VERSION = 50_000

export async function measurePulls(place: Place): Promise<Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'runlet-bench-copy-'))
  try {
    await pull(place, directory, watchedRows(place.rows))
    const unchanged: Measured[] = []
    for (let i = 0; i < UNCHANGED; i++) unchanged.push(await pull(place, directory, 0))
    const after: Record<'inside' | 'outside' | 'upkeep', Measured[]> = { inside: [], outside: [], upkeep: [] }
    for (let i = 0; i < place.tries; i++) {
      const inside = await change(place, `${WATCHED_PREFIX}${FIRST_VERSION + i}/raw`)
      after[inside ? 'upkeep' : 'inside'].push(await pull(place, directory, 1))
      const outside = await change(place, pathOf(BIG_MODEL, 0, FIRST_VERSION + i))
      after[outside ? 'upkeep' : 'outside'].push(await pull(place, directory, 0))
    }
    return [
      figureOf('pull nothing', place, unchanged),
      figureOf('pull change', place, after.inside),
      figureOf('pull elsewhere', place, after.outside),
      figureOf('pull upkeep', place, after.upkeep),
    ].filter(({ samples }) => samples.length > 0)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function pull(place: Place, directory: string, files: number): Promise<Measured> {
  const { namespace } = place
  const measured = await measureAt(place, { kind: 'pull', namespace, directory, prefix: WATCHED_PREFIX })
  const { count } = measured.answer
  if (count < files || (files === 0 && count > 0)) throw new Error(`the pull wrote ${count} files, not ${files}`)
  return measured
}

/** Somebody else's change; resolves to whether their upkeep wrote index files too. */
async function change(place: Place, path: string): Promise<boolean> {
  const { seen } = await measureAt(place, { kind: 'put', namespace: place.namespace, paths: [path] })
  return seen.some(({ key, bytesUp }) => bytesUp > 0 && key.includes('/_/index/'))
}
