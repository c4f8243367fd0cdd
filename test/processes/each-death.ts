// A run's process dies at the end of each of its requests in turn, from the fork's first to the fold's last, each time under a
// parent of its own. Whoever folds the run again leaves it in the parent whole and once (G1, G2, G5).
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { Death, FolderJob, FolderNote } from '../support/folder-worker.ts'
import { readJournals } from '../support/journal.ts'
import { contents } from '../support/world.ts'
import { resumeOnceFree } from './left-runs.ts'
import { aPlace, commitsOf, type Ground, inTurns, LIMIT, type Place } from './place.ts'

/** A fork makes 4 requests and a fold 11, beside renewals of leases. */
const DEATHS: readonly Exclude<Death, 'leading'>[] = [
  ...[1, 2, 3, 4].map(request => ({ since: 'fork' as const, request })),
  ...Array.from({ length: 11 }, (_, i) => ({ since: 'fold' as const, request: i + 1 })),
]
const ABREAST = 3
const RUN = 'run'

/** What is left of one death, once the run was folded again. */
interface Aftermath {
  readonly notes: readonly FolderNote[]
  readonly found: Record<string, string>
  readonly folds: number
  readonly died: boolean
}

export function eachDeath(ground: Ground): void {
  describe('a process that dies at the end of each request in turn', () => {
    const open = aPlace(ground, 'each-death')
    let aftermaths: Aftermath[]

    before(async () => {
      const place = await open()
      const died = await inTurns(DEATHS, ABREAST, death => die(place, death))
      const notes = await readJournals<FolderNote>(place.folder)
      aftermaths = await Promise.all(
        DEATHS.map((death, i) => foldAgain(place, death, { notes, died: Boolean(died[i]) })),
      )
    }, LIMIT)

    test('leaves a run that whoever folds it finishes, with every file that it was told of', t => {
      t.diagnostic(`${aftermaths.filter(({ died }) => died).length} deaths`)
      for (const { notes, found } of aftermaths) {
        for (const { path } of notes) if (path) assert.ok(found[path]?.startsWith(path), path)
      }
    })

    test('never leaves it folded twice', () => {
      for (const { notes, folds, found } of aftermaths) {
        const full = notes.some(note => note.step === 'full')
        assert.equal(folds, full ? 1 : 0)
        assert.equal(found['log.txt'], full ? `${RUN}\n` : undefined)
      }
    })
  })
}

const parentOf = ({ since, request }: Exclude<Death, 'leading'>) => `${since}-${request}`

/** Resolves to whether the process got so far as to die. */
async function die({ url, store, folder, fleet }: Place, dieAt: Exclude<Death, 'leading'>): Promise<boolean> {
  const parent = await store.namespace(parentOf(dieAt), { create: true })
  const job: FolderJob = {
    url,
    parent: parent.name,
    journal: join(folder, parent.name),
    runs: [RUN],
    ttlMs: 1000,
    dieAt,
  }
  const { by, stderr } = await fleet.start('folder-worker', job).ended
  assert.ok(by === 'SIGKILL' || by === 0, stderr)
  return by === 'SIGKILL'
}

async function foldAgain(
  { store }: Place,
  death: Exclude<Death, 'leading'>,
  { notes, died }: { notes: readonly FolderNote[]; died: boolean },
): Promise<Aftermath> {
  const parent = await store.namespace(parentOf(death))
  const run = await resumeOnceFree(parent, RUN)
  await run?.fold()
  const folds = (await commitsOf(parent)).filter(commit => commit.origin).length
  return { notes: notes.filter(note => note.parent === parent.name), found: await contents(parent), folds, died }
}
