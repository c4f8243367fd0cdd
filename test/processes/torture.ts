// Everything at once: processes that write, lock, fork, fold, compact and sweep one namespace, each killed or stopped over and over, for
// longer than leases and grace periods last. Whatever came of it, the guarantees hold: what was acknowledged is there and whole (G1), runs
// are folded whole and once (G2, G5), a count under a lock is exact (G4, G7), nobody is stuck (G6), and what can be reached is there,
// while in the end nothing else is (G9).
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommitRecord } from '../../lib/index.ts'
import { openStore } from '../../lib/runlet.ts'
import type { Member } from '../support/fleet.ts'
import { readJournals } from '../support/journal.ts'
import { versionIn } from '../support/telling-value.ts'
import type { Action, TortureJob, TortureNote } from '../support/torture-worker.ts'
import { aMoment, aPlace, commitsOf, type Ground, type Place } from './place.ts'
import { endLeftRun, sweepUntilClean } from './torture-end.ts'

export interface Rack {
  /** How long the processes are killed and stopped. */
  readonly forMs: number
}

const TTL_MS = 1_000
const GRACE_MS = 1_000
/** A dead leader's merge lease lives for 10 s, a compactor's for 30; should the next one die too, it is that again. */
const BLOCKED_MS = 100_000
const AFTERWARDS_MS = 240_000

const WRITES = { put: 6, count: 2, read: 2 } as const
/** One slot each: a process at a time, another when it is dead. */
const MIXES: readonly Partial<Record<Action, number>>[] = [
  { ...WRITES, run: 2, sweep: 1 },
  { ...WRITES, run: 1, compact: 2 },
  { run: 6, read: 1, put: 1 },
  { sweep: 6, run: 1, count: 1 },
  { compact: 3, sweep: 2, put: 4 },
]

interface Aftermath {
  readonly notes: readonly TortureNote[]
  readonly commits: readonly CommitRecord[]
  readonly versions: ReadonlyMap<string, string>
  readonly count: number
  readonly missing: readonly string[]
  readonly unreachable: readonly string[]
}

export function torture(ground: Ground, { forMs }: Rack): void {
  describe(`processes that do everything at once, killed and stopped for ${Math.round(forMs / 1000)} s`, () => {
    const open = aPlace(ground, 'torture', { graceMs: GRACE_MS })
    const killed = { kills: 0, stops: 0 }
    let found: Aftermath

    before(
      async () => {
        const place = await open()
        const until = performance.now() + forMs
        await Promise.all(MIXES.map((mix, slot) => live(place, { slot, mix, until }, killed)))
        found = await aftermath(place)
      },
      { timeout: forMs + AFTERWARDS_MS },
    )

    test('processes were killed, and processes were stopped', () => {
      assert.ok(killed.kills >= MIXES.length, `${killed.kills} kills`)
      assert.ok(killed.stops >= MIXES.length, `${killed.stops} stops`)
    })

    test('nobody met an error that is no part of the protocol', t => {
      const by = (step: TortureNote['step']) => found.notes.filter(note => note.step === step)
      t.diagnostic(
        `${killed.kills} kills, ${killed.stops} stops; ${found.commits.length} commits; ${summary(by('done'))}`,
      )
      t.diagnostic(`refused: ${summary(by('refused'))}`)
      assert.deepEqual(by('trouble'), [])
    })

    test('every acknowledged write is in the history, and none is twice (G1, G5)', () => {
      const told = found.commits.flatMap(({ message }) => message ?? [])
      assert.equal(new Set(told).size, told.length)
      const writes = found.notes.filter(
        ({ step, action }) => step === 'done' && (action === 'put' || action === 'count'),
      )
      for (const { id } of writes) assert.ok(told.includes(id), id)
      assert.ok(writes.length > 0)
    })

    test('what stands is what the history says, and whole (G1, G2)', () => {
      const expected = new Map([...putsIn(found), ...filesOfFolds(found)])
      assert.deepEqual(sorted(found.versions), sorted(expected))
    })

    test('a run is folded whole and once, and is there if its owner was told so (G2, G5)', () => {
      const origins = found.commits.flatMap(({ origin, rows }) =>
        origin && rows > 0 ? [`${origin.run} ${origin.fork}`] : [],
      )
      assert.equal(new Set(origins).size, origins.length)
      for (const { id, ended } of found.notes) {
        if (ended === 'folded') assert.ok(foldsIn(found).has(id), id)
        if (ended === 'discarded') assert.ok(!foldsIn(found).has(id), id)
      }
    })

    test('the count under the lock is that of the history (G4, G7)', () => {
      const counts = new Set(found.notes.filter(({ action }) => action === 'count').map(({ id }) => id))
      assert.equal(found.count, found.commits.filter(({ message = '' }) => counts.has(message)).length)
    })

    test('nobody waits for the dead for longer than their leases live (G6)', t => {
      const slowest = found.notes.reduce((slow, note) => (note.ms > slow.ms ? note : slow))
      t.diagnostic(`slowest: ${slowest.action}, ${slowest.ms} ms`)
      assert.ok(slowest.ms < BLOCKED_MS, JSON.stringify(slowest))
    })

    test('what can be reached is there, and after the last sweep nothing else (G9)', () => {
      assert.deepEqual(found.missing, [])
      assert.deepEqual(found.unreachable, [])
    })
  })
}

interface Slot {
  readonly slot: number
  readonly mix: Partial<Record<Action, number>>
  readonly until: number
}

/** One process after the other in a slot: stopped now and then, killed in the end; the last one ends by itself. */
async function live(
  { url, folder, fleet }: Place,
  { slot, mix, until }: Slot,
  killed: { kills: number; stops: number },
): Promise<void> {
  for (let life = 0; ; life++) {
    const name = `t${slot}-${life}`
    const job: TortureJob = { url, journal: join(folder, name), name, graceMs: GRACE_MS, ttlMs: TTL_MS, mix }
    const member = fleet.start('torture-worker', job)
    await member.hears('ready')
    // The first one is stopped and killed however long a busy machine took to start it.
    const isFirst = life === 0
    const last = !isFirst && performance.now() > until
    if (!last) await sleep(200)
    for (let stops = isFirst ? 1 : randomInt(3); stops > 0 && (isFirst || performance.now() < until); stops--) {
      await aMoment(1_000)
      await pause(member)
      killed.stops += 1
    }
    await aMoment(3_000)
    if (last) {
      member.tell('stop')
      return member.succeeds()
    }
    member.kill('SIGKILL')
    killed.kills += 1
    const { by, stderr } = await member.ended
    assert.equal(by, 'SIGKILL', stderr)
  }
}

/** For less than a lease, for longer than a lease and a grace period, or for much longer. */
async function pause(member: Member): Promise<void> {
  member.kill('SIGSTOP')
  await sleep([300, 2_000, 4_000][randomInt(3)])
  member.kill('SIGCONT')
}

/** Ends the runs that the dead left, sweeps until there is nothing left to sweep, and looks at everything. */
async function aftermath(place: Place): Promise<Aftermath> {
  const { parent, folder } = place
  const notes = await readJournals<TortureNote>(folder)
  const begun = notes.filter(({ action, onError }) => action === 'run' && onError)
  await Promise.all(begun.map(({ id, onError }) => endLeftRun(parent, id, onError === 'discard')))
  const { missing, unreachable } = await sweepUntilClean(place, GRACE_MS)
  const fresh = await openStore(place.url, { graceMs: GRACE_MS })
  const namespace = await fresh.namespace('p')
  const versions = new Map<string, string>()
  for await (const { path } of namespace.list()) {
    if (path === 'counter') continue
    versions.set(path, versionIn(path, Buffer.from((await namespace.get(path)) ?? '').toString()))
  }
  const count = Number(Buffer.from((await namespace.get('counter')) ?? '0').toString())
  const commits = await commitsOf(namespace)
  await fresh.close()
  return { notes, commits, versions, count, missing, unreachable }
}

const summary = (notes: readonly TortureNote[]): string => {
  const counts = new Map<string, number>()
  for (const { action, error } of notes) {
    const what = `${action}${error ? ` ${error.slice(0, 40)}` : ''}`
    counts.set(what, (counts.get(what) ?? 0) + 1)
  }
  return [...counts].map(([what, times]) => `${times} ${what}`).join(', ')
}

const sorted = (versions: ReadonlyMap<string, string>) => [...versions].sort(([a], [b]) => (a < b ? -1 : 1))

/** The newest version of each path that the history's puts made. */
function putsIn({ notes, commits }: Aftermath): Map<string, string> {
  const changes = new Map(
    notes.flatMap(({ action, id, changes }) => (action === 'put' && changes ? [[id, changes]] : [])),
  )
  const versions = new Map<string, string>()
  for (const { message = '' } of commits.toReversed()) {
    for (const [path, version] of changes.get(message) ?? []) {
      if (version) versions.set(path, version)
      else versions.delete(path)
    }
  }
  return versions
}

const foldsIn = ({ commits }: Aftermath): Set<string> =>
  new Set(commits.flatMap(({ origin, rows }) => (origin && rows > 0 ? [origin.run.slice('p/'.length)] : [])))

/**
 * What the folded runs brought: each commit of a run that its owner was told of. One that was not told of may be there or not, but
 * whole.
 */
function filesOfFolds(found: Aftermath): Map<string, string> {
  const files = new Map<string, string>()
  for (const id of foldsIn(found)) {
    const noted = new Set(
      found.notes.filter(note => note.id === id).flatMap(({ changes = [] }) => changes.map(([path]) => path)),
    )
    for (const part of ['a', 'b']) {
      const paths = [0, 1, 2].map(i => `runs/${id}/${part}${i}`)
      const there = paths.some(path => found.versions.has(path) || noted.has(path))
      for (const path of there ? paths : []) files.set(path, id)
    }
  }
  return files
}
