// A history like a real one on top of a base, the same for each size: small commits to all models (40% of them to the big one), by
// one process after the other, and runs folded in between, with the library's own upkeep going on beside them.
import { openStore } from '../../../lib/runlet.ts'
import { BIG_MODEL, contentOf, Keystream, MODELS, namePrefix, namesOf, pathOf, WATCHED_MODEL } from './data.ts'

const COMMITS = 300
const COMMITS_A_PROCESS = 25
const FILES_A_RUN = 24
/** Above those of the base. */
const FIRST_VERSION = 10_000

export async function writeHistory(url: string, name: string, rows: number): Promise<void> {
  const random = new Keystream('history')
  for (let done = 0; done < COMMITS; done += COMMITS_A_PROCESS) {
    const store = await openStore(url, { author: `process-${done}` })
    const namespace = await store.namespace(name)
    for (let i = done; i < done + COMMITS_A_PROCESS; i++) {
      const path = newPath(random, rows, i)
      await namespace.put(path, contentOf(path))
    }
    const run = await namespace.fork(`run-${done}`)
    for (const path of runPaths(rows, `run-${done}`)) await run.put(path, contentOf(path))
    await run.fold()
    await store.close()
  }
}

/** A new version of something; two of five commits are to the big model. */
function newPath(random: Keystream, rows: number, commit: number): string {
  const model = commit % 5 < 2 ? BIG_MODEL : 1 + random.below(MODELS - 1)
  return pathOf(model, random.below(namesOf(rows, model)), FIRST_VERSION + commit)
}

/** New versions of scattered names: one after the other over all rows, whatever their number. */
export function scatteredPaths(rows: number, count: number): string[] {
  const random = new Keystream('scattered')
  return Array.from({ length: count }, (_, i) => {
    const model = random.below(MODELS)
    return pathOf(model, random.below(namesOf(rows, model)), 20_000 + i)
  })
}

/** New versions of a few names of the big model, as pollers write them. */
export function hotPaths(count: number): string[] {
  return Array.from({ length: count }, (_, i) => pathOf(BIG_MODEL, i % 10, 30_000 + i))
}

/** What a run writes: a few files each of some models. */
export function runPaths(rows: number, id: string): string[] {
  const random = new Keystream(id)
  return Array.from({ length: FILES_A_RUN }, (_, i) => {
    const model = (WATCHED_MODEL + 1 + random.below(4) * 3) % MODELS
    return `${namePrefix(model, random.below(namesOf(rows, model)))}${id}-${i}/raw`
  })
}
