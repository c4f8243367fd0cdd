// Processes that fork, fill and fold runs of one parent, killed at random moments, most of them while they fold. Whoever finds the
// runs that they left folds them: each is in the parent whole and once (G2, G5), with all that its process was told (G1).
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { CommitRecord, Namespace } from '../../lib/index.ts'
import type { FolderNote } from '../support/folder-worker.ts'
import { readJournals } from '../support/journal.ts'
import { contents } from '../support/world.ts'
import { resumeOnceFree, Watcher } from './left-runs.ts'
import { aMoment, aPlace, commitsOf, type Ground, LIMIT, type Place } from './place.ts'

/** Processes beside one another, how often each is killed, and how many runs a life has. */
const SLOTS = 3
const KILLS = 2
const RUNS = 5

export function killedFolders(ground: Ground): void {
  describe('processes that are killed while they work in runs or fold them', () => {
    const open = aPlace(ground, 'killed-folders')
    const watcher = new Watcher()
    let parent: Namespace
    let notes: FolderNote[]
    let found: Record<string, string>
    let commits: CommitRecord[]
    let seqs: Map<string, number>

    before(async () => {
      const place = await open()
      parent = place.parent
      const watched = watcher.watch(parent)
      await Promise.all(Array.from({ length: SLOTS }, (_, slot) => workAndDie(place, slot)))
      notes = await readJournals<FolderNote>(place.folder)
      seqs = await foldAll(parent, notes)
      watcher.stop()
      await watched
      found = await contents(parent)
      commits = await commitsOf(parent)
    }, LIMIT)

    test('every file that a run was told of is in the parent (G1)', t => {
      for (const { path } of notes) if (path) assert.ok(found[path]?.startsWith(path), path)
      const count = (step: FolderNote['step']) => notes.filter(note => note.step === step).length
      t.diagnostic(
        `${count('begun')} runs begun, ${count('full')} filled, ${count('folded')} told that they are folded`,
      )
      assert.ok(count('folded') < count('begun'))
    })

    test('every run is folded exactly once, and folding it again names the same commit (G5)', () => {
      const origins = commits.flatMap(({ seq, origin }) => (origin ? [{ run: origin.run, seq }] : []))
      assert.equal(new Set(origins.map(origin => origin.run)).size, origins.length)
      const folds = new Map(origins.map(({ run, seq }) => [run.slice('p/'.length), seq]))
      for (const { step, run } of notes) if (step === 'full') assert.equal(folds.get(run), seqs.get(run))
      for (const { step, run, seq } of notes) if (step === 'folded') assert.equal(folds.get(run), seq)
    })

    test('a file that all runs wrote to has the line of each once', () => {
      const lines = found['log.txt']?.split('\n').filter(Boolean) ?? []
      assert.equal(new Set(lines).size, lines.length)
      for (const { step, run } of notes) if (step === 'full') assert.ok(lines.includes(run), run)
    })

    test('no reader ever saw a part of a run (G2)', t => {
      t.diagnostic(`${watcher.looks} looks while runs were folded`)
      assert.deepEqual(watcher.changed, [])
      assert.ok(watcher.looks > 10)
    })

    test('no run stays open, and nobody holds the merge lease', async () => {
      const open = (await parent.runs()).filter(run => run.state !== 'forking')
      assert.deepEqual(open, [])
      const merge = (await parent.locks()).find(lock => lock.name === 'merge')
      assert.equal(merge?.holder, undefined)
    })
  })
}

/** One process after another; each is killed while it folds one of its runs, or while it works in one. */
async function workAndDie({ url, parent, folder, fleet }: Place, slot: number): Promise<void> {
  for (let life = 0; life <= KILLS; life++) {
    const runs = Array.from({ length: RUNS }, (_, i) => `r${slot}-${life}-${i}`)
    const job = { url, parent: parent.name, journal: join(folder, `${slot}-${life}`), runs, ttlMs: 1000 }
    const member = fleet.start('folder-worker', job)
    if (life === KILLS) return member.succeeds()
    await member.hears(life === 1 ? 'working' : 'folding', 1 + randomInt(RUNS - 1))
    await aMoment(50)
    member.kill('SIGKILL')
    assert.equal((await member.ended).by, 'SIGKILL')
  }
}

/** Folds every run that was begun, again if it was folded; resolves to the parent's commit of each. */
async function foldAll(parent: Namespace, notes: readonly FolderNote[]): Promise<Map<string, number>> {
  const begun = notes.filter(note => note.step === 'begun').map(note => note.run)
  const seqs = new Map<string, number>()
  await Promise.all(
    begun.map(async id => {
      const run = await resumeOnceFree(parent, id)
      if (run) seqs.set(id, (await run.fold()).seq)
      else assert.ok(!notes.some(note => note.run === id && note.path), `${id} had files, and is not there`)
    }),
  )
  return seqs
}
