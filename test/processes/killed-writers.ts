// Writers of one namespace that are killed and replaced: what they were told holds (G1, G4, G5), and the living go on (G6).
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { CommitRecord } from '../../lib/index.ts'
import type { FolderJob } from '../support/folder-worker.ts'
import { readJournals } from '../support/journal.ts'
import { contents } from '../support/world.ts'
import type { WriterJob, WriterNote } from '../support/writer-worker.ts'
import { aMoment, aPlace, commitsOf, type Ground, LIMIT, type Place } from './place.ts'

const WRITERS = 4
/** Lives of each writer that end with SIGKILL; the next one works to its end. */
const KILLED_LIVES = [1, 1, 1, 1]
const ROUNDS = 20
const COUNTER = 'counter'
/** A dead leader's merge lease lives for 10 s. Should the next leader be killed too, it is another 10 s; and CI is slow. */
const BLOCKED_MS = 45_000

export function killedWriters(ground: Ground): void {
  describe(`${WRITERS} processes that write, some killed on the way`, () => {
    const open = aPlace(ground, 'killed-writers')
    let notes: WriterNote[]
    let found: Record<string, string>
    let commits: CommitRecord[]

    before(async () => {
      const place = await open()
      await leadAndDie(place)
      await Promise.all(KILLED_LIVES.map((kills, writer) => write(place, writer, kills)))
      notes = await readJournals<WriterNote>(place.folder)
      found = await contents(place.parent)
      commits = await commitsOf(place.parent)
    }, LIMIT)

    test('every acknowledged put is there (G1)', () => {
      const puts = notes.filter(note => note.step === 'done' && note.path !== COUNTER)
      for (const { path, value } of puts) assert.equal(found[path], value)
      assert.ok(puts.length >= WRITERS * ROUNDS)
    })

    test('a put of unknown outcome is there whole or not at all, and there is nothing else', () => {
      const begun = new Map(notes.map(({ path, value }) => [path, value]))
      for (const [path, value] of Object.entries(found)) if (path !== COUNTER) assert.equal(value, begun.get(path))
    })

    test('no acknowledged increment is lost, and none counts twice (G4, G5)', () => {
      const counts = notes.filter(note => note.path === COUNTER)
      isBetween(Number(found[COUNTER]), counts)
    })

    test('each write is one commit, in one history without gaps (G5)', () => {
      isBetween(commits.length, notes)
      assert.deepEqual(
        commits.map(commit => commit.seq),
        commits.map((_, i) => commits.length - i),
      )
      assert.equal(new Set(commits.map(commit => commit.id)).size, commits.length)
    })

    test('nobody is blocked for longer than a lease lives and its takeover (G6)', t => {
      const slowest = Math.max(...notes.map(note => note.ms))
      const refused = notes.filter(note => note.step === 'refused').length
      t.diagnostic(`${commits.length} commits, ${refused} refusals, slowest write ${Math.round(slowest)} ms`)
      assert.ok(slowest < BLOCKED_MS, `a write took ${slowest} ms`)
    })
  })
}

/** One writer: its lives, one after the other. */
async function write({ url, folder, fleet }: Place, writer: number, kills: number): Promise<void> {
  for (let life = 0; life <= kills; life++) {
    const name = `${writer}-${life}`
    const job: WriterJob = { url, folder: `w/${name}`, journal: join(folder, name), counter: COUNTER, rounds: ROUNDS }
    const member = fleet.start('writer-worker', job)
    if (life === kills) return member.succeeds()
    await member.hears('round', 1 + randomInt(ROUNDS / 2))
    await aMoment(20)
    member.kill('SIGKILL')
    assert.equal((await member.ended).by, 'SIGKILL')
  }
}

/** A fold that is killed when it has the merge lease, which writers who meet one another are soon to need. */
async function leadAndDie({ url, parent, folder, fleet }: Place): Promise<void> {
  const journal = join(folder, '..', 'leader')
  const job: FolderJob = { url, parent: parent.name, journal, runs: ['leader'], ttlMs: 1000, dieAt: 'leading' }
  assert.equal((await fleet.start('folder-worker', job).ended).by, 'SIGKILL')
}

/** Whether a number is at least of what was acknowledged and at most of what was begun. */
function isBetween(count: number, notes: readonly WriterNote[]): void {
  const begun = notes.filter(note => note.step === 'begun').length
  const done = notes.filter(note => note.step === 'done').length
  assert.ok(count >= done && count <= begun, `found ${count}; ${done} were acknowledged and ${begun} begun`)
}
