// Processes that do something for all, and are stopped in the midst of it for longer than their leases live: one that compacts, one that
// leads those who contend for the head, and one that ends a run which its owner left. Another takes over; when the stopped one goes on,
// nothing is lost and nothing happens twice (G1, G5, G6). Their clocks run fast, so that leases of 10 to 60 s expire in one to three.
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import { type CommitRecord, openStore } from '../../lib/index.ts'
import { parseNamespaceName } from '../../lib/names.ts'
import { openNamespace } from '../../lib/namespace/namespace.ts'
import { ownerCell } from '../../lib/run/run.ts'
import { openObjectStore } from '../../lib/store/open.ts'
import { openBounded } from '../support/bounded.ts'
import type { CompactorJob, CompactorNote } from '../support/compactor-worker.ts'
import type { ContenderJob, ContenderNote } from '../support/contender-worker.ts'
import { fastClock } from '../support/fast-clock.ts'
import { readJournals } from '../support/journal.ts'
import type { OwnerJob, OwnerNote } from '../support/owner-worker.ts'
import type { SweeperJob } from '../support/sweeper-worker.ts'
import { tellingValue, versionIn } from '../support/telling-value.ts'
import { contents } from '../support/world.ts'
import { aPlace, commitsOf, type Ground, LIMIT, type Place } from './place.ts'

const SPEED = 10
/** A sweep takes a run over for 60 s. */
const SWEEPS_SPEED = 25
const ROWS = 600
const CONTENDERS = 4

export function stoppedUpkeep(ground: Ground): void {
  stoppedCompactor(ground)
  stoppedLeader(ground)
  stoppedSweeper(ground)
}

function stoppedCompactor(ground: Ground): void {
  describe('a process that is stopped while it compacts, and another compacts meanwhile', () => {
    const open = aPlace(ground, 'stopped-compactor')
    let notes: CompactorNote[]
    const expected = new Map<string, string>()
    let found: Map<string, string>

    before(async () => {
      const place = await open()
      for (const version of ['first', 'second']) await fill(place, version, expected)
      const stopped = startCompactor(place, 'stopped', { lease: 'compact', request: 1 + randomInt(6) })
      await stopped.hears('stops')
      await startCompactor(place, 'heir').succeeds()
      await fill(place, 'third', expected)
      stopped.kill('SIGCONT')
      await stopped.succeeds()
      notes = await readJournals<CompactorNote>(place.folder)
      found = await versionsIn(place)
    }, LIMIT)

    test('then the other one has taken its lease over (G6)', () => {
      assert.ok(notes.some(({ name, isTakenOver }) => name === 'heir' && isTakenOver))
      assert.ok(notes.some(({ name, step }) => name === 'heir' && step === 'compacted'))
    })

    test('then every path has what was put last (G1)', () => {
      for (const { step, path } of notes) if (step === 'done' && path) expected.set(path, 'own')
      assert.deepEqual(sorted(found), sorted(expected))
    })
  })
}

/** Every third path anew, in layers of its own. */
async function fill({ url }: Place, version: string, expected: Map<string, string>): Promise<void> {
  const { namespace, close } = await openBounded(url, systemAmbient)
  const paths = Array.from({ length: ROWS }, (_, i) => `k/${i}`).filter((_, i) => version === 'first' || i % 3 === 0)
  await namespace.commit(tx => {
    for (const path of paths) {
      tx.put(path, tellingValue(path, version))
      expected.set(path, version)
    }
  })
  await close()
}

function startCompactor({ url, folder, fleet }: Place, name: string, stopsAt?: CompactorJob['stopsAt']) {
  const job: CompactorJob = {
    url,
    journal: join(folder, name),
    name,
    speed: SPEED,
    once: true,
    ...(stopsAt && { stopsAt }),
  }
  return fleet.start('compactor-worker', job)
}

/** Read by somebody who has nothing in memory. */
async function versionsIn({ url }: Place): Promise<Map<string, string>> {
  const { namespace, close } = await openBounded(url, systemAmbient)
  const values = Object.entries(await contents(namespace))
  await close()
  return new Map(values.map(([path, value]) => [path, versionIn(path, value)]))
}

const sorted = (versions: ReadonlyMap<string, string>) => [...versions].sort(([a], [b]) => (a < b ? -1 : 1))

function stoppedLeader(ground: Ground): void {
  describe('a process that is stopped while it commits for all that contend', () => {
    const open = aPlace(ground, 'stopped-leader')
    let told: string[]
    let commits: CommitRecord[]
    let found: Record<string, string>

    before(async () => {
      const place = await open()
      const stopsAt = { lease: 'merge', request: 1 + randomInt(2) }
      const stopped = startContender(place, 'stopped', stopsAt)
      const others = Array.from({ length: CONTENDERS - 1 }, (_, i) => startContender(place, `other-${i}`))
      await stopped.hears('stops')
      await Promise.race(others.map(other => other.hears('took over')))
      stopped.kill('SIGCONT')
      const all = [stopped, ...others]
      await Promise.all(all.map(member => member.hears('wrote', 3)))
      for (const member of all) member.tell('stop')
      await Promise.all(all.map(member => member.succeeds()))
      told = (await readJournals<ContenderNote>(place.folder)).map(({ id }) => id)
      const store = await openStore(place.url)
      const namespace = await store.namespace('p')
      commits = await commitsOf(namespace)
      found = await contents(namespace)
      await store.close()
    }, LIMIT)

    test('then what each of them was told is in the history, once (G1, G5)', () => {
      const messages = commits.flatMap(({ message }) => message ?? [])
      assert.deepEqual(messages.toSorted(), told.toSorted())
      assert.equal(new Set(messages).size, messages.length)
    })

    test('then all of it is there (G1)', () => {
      assert.deepEqual(Object.keys(found).sort(), told.toSorted())
    })
  })
}

function startContender({ url, folder, fleet }: Place, name: string, stopsAt?: ContenderJob['stopsAt']) {
  const job: ContenderJob = { url, journal: join(folder, name), name, speed: SPEED, ...(stopsAt && { stopsAt }) }
  return fleet.start('contender-worker', job)
}

function stoppedSweeper(ground: Ground): void {
  describe('a process that is stopped while it sweeps, in the midst of the end of a run that was left', () => {
    const open = aPlace(ground, 'stopped-sweeper')
    let told: OwnerNote[]
    let folds: CommitRecord[]
    let found: Record<string, string>

    before(async () => {
      const place = await open()
      await leaveARun(place)
      const job: SweeperJob = {
        url: place.url,
        speed: SWEEPS_SPEED,
        stopsAt: { lease: 'owner', request: 1 + randomInt(5) },
      }
      const sweeper = place.fleet.start('sweeper-worker', job)
      await sweeper.hears('stops')
      await freeTheRun(place)
      const run = await place.parent.resume('left')
      await run.fold()
      await place.parent.put('news', 'news')
      sweeper.kill('SIGCONT')
      await sweeper.succeeds()
      assert.deepEqual((await place.store.sweep({})).problems, [])
      told = await readJournals<OwnerNote>(place.folder)
      folds = (await commitsOf(place.parent)).filter(({ origin }) => origin?.run === 'p/left')
      found = await contents(place.parent)
    }, LIMIT)

    test('then the run is folded once (G5)', () => {
      assert.equal(folds.length, 1)
    })

    test('then all that its owner was told of is there, and what came after the fold (G1)', () => {
      assert.ok(told.length >= 3)
      for (const { path } of told) assert.equal(found[path], path)
      assert.equal(found.news, 'news')
    })
  })
}

/** Its owner is killed; whoever sweeps is to fold it. */
async function leaveARun({ url, folder, fleet }: Place): Promise<void> {
  const job: OwnerJob = {
    url,
    journal: join(folder, 'owner'),
    owns: 'run',
    name: 'left',
    ttlMs: 1_000,
    onError: 'fold',
  }
  const owner = fleet.start('owner-worker', job)
  await owner.hears('wrote', 3)
  owner.kill('SIGKILL')
}

/** Watches the lease until it has run out, and gives it back: a lease of 60 s, by a clock that is fast. */
async function freeTheRun({ url }: Place): Promise<void> {
  const ambient = fastClock(SWEEPS_SPEED)
  const objects = await openObjectStore(url, ambient, { folder: process.cwd() })
  const child = openNamespace(objects, parseNamespaceName('p/left'), ambient)
  const lease = await ownerCell(child).acquire({ ttlMs: 600_000, label: 'heir', waitMs: 3_600_000 })
  await lease.release()
  await objects.close()
}
