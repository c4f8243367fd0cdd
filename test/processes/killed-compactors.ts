// Processes that compact a namespace, killed over and over, while others write all over it: every path reads as the writers' journals
// say (G1, G2), at any time, and nobody waits for the dead longer than their leases live (G6).
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import type { Namespace } from '../../lib/index.ts'
import { openStore } from '../../lib/runlet.ts'
import { openBounded } from '../support/bounded.ts'
import type { CompactorJob, CompactorNote } from '../support/compactor-worker.ts'
import { readJournals } from '../support/journal.ts'
import type { ScatterJob, ScatterNote } from '../support/scatter-worker.ts'
import { tellingValue, versionIn } from '../support/telling-value.ts'
import { aMoment, aPlace, type Ground, inTurns, LIMIT, type Place } from './place.ts'

const WRITERS = 2
const SLOTS = 2
const ROWS = 2_000
/** Of these paths nobody writes to. */
const STILL = 300
/** The compactor that comes when all others are dead. */
const LAST = 'last'
/** A compaction's lease lives for 30 s, so that a dead one's runs out after 1.2 s. */
const SPEED = 25
/** No longer than that and what a busy machine adds; without takeovers it would be for ever. */
const BLOCKED_MS = 20_000
/** A compaction with fewer requests is outlived: then the process dies in a later one. */
const DIE_AT = 25

type Versions = Map<string, string>

export function killedCompactors(ground: Ground): void {
  describe('processes that are killed while they compact what others write to', () => {
    const open = aPlace(ground, 'killed-compactors')
    const shares = sharesOfPaths()
    const trouble: unknown[] = []
    let writes: ScatterNote[]
    let notes: CompactorNote[]
    let found: Versions
    let compacted: Versions
    let looks = 0

    before(async () => {
      const place = await open()
      await fill(place, [...shares.flat(), ...stillPaths()])
      const watching = new AbortController()
      const watched = watch(place, watching.signal).then(
        count => {
          looks = count
        },
        error => trouble.push(error),
      )
      const writers = shares.map((paths, i) => startWriter(place, `w${i}`, paths))
      try {
        await Promise.all(Array.from({ length: SLOTS }, (_, slot) => compactAndDie(place, slot, ground.kills)))
        for (const writer of writers) writer.tell('stop')
        await Promise.all(writers.map(writer => writer.succeeds()))
      } finally {
        watching.abort()
        await watched
      }
      found = await versionsOf(await reader(place))
      await startCompactor(place, LAST, { once: true }).succeeds()
      compacted = await versionsOf(await reader(place))
      const all = await readJournals<ScatterNote | CompactorNote>(place.folder)
      writes = all.filter((note): note is ScatterNote => 'writer' in note)
      notes = all.filter((note): note is CompactorNote => 'name' in note)
    }, LIMIT)

    test('every path reads as the plain map of all that was acknowledged says (G1)', t => {
      t.diagnostic(`${writes.length / 2} commits; ${describeDeaths(notes)}`)
      assert.deepEqual(withoutCompactors(found), expected(shares, writes))
      for (const { name, step, path } of notes)
        if (name !== LAST && step === 'done' && path) assert.ok(found.has(path), path)
    })

    test('the same, once a process that comes later has compacted it all', () => {
      const own = notes.filter(({ name, step, path }) => name === LAST && step === 'done' && path)
      for (const { path } of own) if (path) found.set(path, 'own')
      assert.deepEqual(compacted, found)
      assert.ok(notes.some(({ name, step }) => name === LAST && step === 'compacted'))
    })

    test('a reader finds what nobody writes to at any time, and every value whole (G2)', t => {
      t.diagnostic(`${looks} looks`)
      assert.deepEqual(trouble, [])
      assert.ok(looks > 10)
    })

    test('compactors died on the way, and others took over from them (G6)', () => {
      assert.ok(deathsOnTheWay(notes) >= ground.kills / 2, describeDeaths(notes))
      assert.ok(compactions(notes) >= ground.kills / 2, describeDeaths(notes))
    })

    test('no writer waits for them (G6)', t => {
      const slowest = Math.max(...writes.map(({ ms }) => ms))
      t.diagnostic(`slowest write ${Math.round(slowest)} ms`)
      assert.ok(slowest < BLOCKED_MS, `a write took ${slowest} ms`)
    })
  })
}

const stillPaths = () => Array.from({ length: STILL }, (_, i) => `still/${i}`)

/** Scattered: neighbours belong to different writers. */
function sharesOfPaths(): string[][] {
  const paths = Array.from({ length: ROWS }, (_, i) => `k/${String(i).padStart(5, '0')}`)
  return Array.from({ length: WRITERS }, (_, writer) => paths.filter((_, i) => i % WRITERS === writer))
}

async function fill({ url }: Place, paths: readonly string[]): Promise<void> {
  const { namespace, close } = await openBounded(url, systemAmbient)
  await namespace.commit(tx => {
    for (const path of paths) tx.put(path, tellingValue(path, 'first'))
  })
  await close()
}

function startWriter({ url, folder, fleet }: Place, name: string, paths: readonly string[]) {
  const job: ScatterJob = { url, journal: join(folder, name), name, paths, speed: SPEED }
  return fleet.start('scatter-worker', job)
}

function startCompactor({ url, folder, fleet }: Place, name: string, about: { once?: boolean; dieAt?: number }) {
  const job: CompactorJob = { url, journal: join(folder, name), name, speed: SPEED, ...about }
  return fleet.start('compactor-worker', job)
}

/** One process after another: every second one dies by its own hand in a compaction, the others at any time after one. */
async function compactAndDie(place: Place, slot: number, kills: number): Promise<void> {
  for (let life = 0; life < kills; life++) {
    const dieAt = 1 + randomInt(DIE_AT)
    const byItself = (life + slot) % 2 === 0
    const member = startCompactor(place, `c${slot}-${life}`, byItself ? { dieAt } : {})
    if (!byItself) {
      await member.hears('compacted')
      await aMoment(300)
      member.kill('SIGKILL')
    }
    const { by, stderr } = await member.ended
    assert.equal(by, 'SIGKILL', stderr)
  }
}

/** A handle that has nothing in memory. */
async function reader({ url }: Place): Promise<Namespace> {
  return (await openStore(url)).namespace('p')
}

async function watch(place: Place, signal: AbortSignal): Promise<number> {
  const namespace = await reader(place)
  let looks = 0
  for (; !signal.aborted; looks++) {
    const still: string[] = []
    for await (const { path } of namespace.list('still/')) still.push(path)
    assert.deepEqual(still, stillPaths().sort())
    const [path, written] = [`still/${randomInt(STILL)}`, `k/${String(randomInt(ROWS)).padStart(5, '0')}`]
    assert.equal(versionIn(path, String(Buffer.from((await namespace.get(path)) ?? ''))), 'first')
    const value = await namespace.get(written)
    if (value) versionIn(written, Buffer.from(value).toString())
    await aMoment(30)
  }
  return looks
}

/** The version that is read of every path that is listed. */
async function versionsOf(namespace: Namespace): Promise<Versions> {
  const listed: { path: string; size: number }[] = []
  for await (const { path, size } of namespace.list()) listed.push({ path, size })
  const versions = await inTurns(listed, 16, async ({ path, size }) => {
    const value = Buffer.from((await namespace.get(path)) ?? '').toString()
    assert.equal(value.length, size, path)
    return versionIn(path, value)
  })
  return new Map(listed.map(({ path }, i) => [path, versions[i] ?? '']))
}

/** What nobody but the writers makes: all that they did, in the order in which each did it. */
function expected(shares: readonly string[][], writes: readonly ScatterNote[]): Versions {
  const map = new Map([...shares.flat(), ...stillPaths()].map(path => [path, 'first']))
  for (const { step, changes } of writes) {
    if (step === 'begun') continue
    for (const [path, version] of changes) {
      if (version === null) map.delete(path)
      else map.set(path, version)
    }
  }
  return inOrder(map)
}

const inOrder = (map: Versions): Versions => new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)))

const withoutCompactors = (map: Versions): Versions =>
  inOrder(new Map([...map].filter(([path]) => !path.startsWith('by-compactors/'))))

/** How many had the lease when they died. */
function deathsOnTheWay(notes: readonly CompactorNote[]): number {
  const last = new Map<string, string>()
  for (const { name, step } of notes) if (step === 'holds' || step === 'released') last.set(name, step)
  return [...last.values()].filter(step => step === 'holds').length
}

function describeDeaths(notes: readonly CompactorNote[]): string {
  const names = new Set(notes.map(({ name }) => name))
  return `${names.size} compactors, ${deathsOnTheWay(notes)} died on the way; ${compactions(notes)} compactions`
}

const compactions = (notes: readonly CompactorNote[]): number => notes.filter(({ step }) => step === 'compacted').length
