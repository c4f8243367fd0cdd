// The rules of lib/store/file/versions.ts, at the moments that matter: a writer that was stopped or killed between two steps.
// No hook stops anybody: the files are made by hand as they would lie at that moment, and the next step is taken.
import assert from 'node:assert/strict'
import fs, { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { describe, mock, test } from 'node:test'
import { AmbiguousWrite, CorruptObjectError, PreconditionFailed, StoreError } from '../../lib/errors.ts'
import type { Etag } from '../../lib/names.ts'
import { openFileStore } from '../../lib/store/file/file-store.ts'
import { type Place, placeOf } from '../../lib/store/file/paths.ts'
import { readVersion } from '../../lib/store/file/read.ts'
import { etagOf, sightOf, type Version, WINDOW } from '../../lib/store/file/sight.ts'
import { create, look, replace } from '../../lib/store/file/versions.ts'
import { anObject, aRoot, aStaged, HAND_MADE, nameOf, versionsIn } from '../support/file-world.ts'
import { keysOf, text, textAt } from './suite/support.ts'

/** A writer that saw `generation`, and links its successor now. */
async function lateWriter(root: string, place: Place, generation: number): Promise<Version | undefined> {
  return replace(place, { incarnation: HAND_MADE, generation }, await aStaged(root, `after ${generation}`))
}

describe('a swap of a version', () => {
  test('that is current makes the next generation', async () => {
    const root = await aRoot()
    const place = await anObject(root, 'a', 1, 5)
    assert.deepEqual(await lateWriter(root, place, 5), { incarnation: HAND_MADE, generation: 6 })
    assert.equal(await readFile(join(place.folder, nameOf(6)), 'utf8'), 'after 5')
  })

  test('that has a successor fails and changes nothing', async () => {
    const root = await aRoot()
    const place = await anObject(root, 'a', 1, 6)
    assert.equal(await lateWriter(root, place, 5), undefined)
    assert.equal(await readFile(join(place.folder, nameOf(6)), 'utf8'), '6')
    assert.deepEqual(await versionsIn(place), [1, 2, 3, 4, 5, 6].map(nameOf))
  })

  test('whose successor came and went while the writer slept is of unknown outcome, and seen by nobody', async () => {
    const root = await aRoot()
    const place = await anObject(root, 'a', 50, 65)
    const store = await openFileStore(root)
    await assert.rejects(lateWriter(root, place, 10), error => error instanceof AmbiguousWrite && error.key === 'a')
    assert.equal(await textAt(store, 'a'), '65')
    const { etag } = await store.put('a', text('next'), { condition: { ifMatch: nameOf(65) as Etag } })
    assert.equal(etag, nameOf(66))
    assert.equal((await versionsIn(place)).includes(nameOf(11)), false, 'the late link was not removed')
  })

  test('is not taken for won because another late writer left what looks like its predecessor', async () => {
    const root = await aRoot()
    const place = await anObject(root, 'a', 50, 65)
    await assert.rejects(lateWriter(root, place, 10), AmbiguousWrite)
    assert.ok((await versionsIn(place)).includes(nameOf(11)))
    await assert.rejects(lateWriter(root, place, 11), AmbiguousWrite)
    assert.equal(await textAt(await openFileStore(root), 'a'), '65')
  })

  test('is known to be won while fewer generations follow than are kept, and not beyond', async () => {
    const root = await aRoot()
    const within = await anObject(root, 'within', 8, 7 + WINDOW - 1)
    assert.deepEqual(await lateWriter(root, within, 6), { incarnation: HAND_MADE, generation: 7 })
    const beyond = await anObject(root, 'beyond', 8, 7 + WINDOW)
    await assert.rejects(lateWriter(root, beyond, 6), AmbiguousWrite)
  })

  test('of an object that was deleted and made anew meanwhile leaves the new one alone', async () => {
    const root = await aRoot()
    const store = await openFileStore(root)
    const place = await anObject(root, 'a', 1, 5)
    const staged = await aStaged(root, 'late')
    await store.delete(['a'])
    const { etag } = await store.put('a', text('new'))
    await assert.rejects(replace(place, { incarnation: HAND_MADE, generation: 5 }, staged), AmbiguousWrite)
    assert.equal(await textAt(store, 'a'), 'new')
    await store.put('a', text('newer'), { condition: { ifMatch: etag } })
    assert.equal((await versionsIn(place)).includes(nameOf(6)), false, 'the late link was not removed')
  })

  test('of an object that was deleted meanwhile fails', async () => {
    const root = await aRoot()
    const store = await openFileStore(root)
    const place = await anObject(root, 'a', 1, 5)
    await store.delete(['a'])
    assert.equal(await lateWriter(root, place, 5), undefined)
    const condition = { ifMatch: nameOf(5) as Etag }
    await assert.rejects(store.put('a', text('late'), { condition }), PreconditionFailed)
    assert.deepEqual(await keysOf(store, { prefix: '' }), [])
  })

  test('by writers that are late by any number of generations is acknowledged only to who made the version', async () => {
    const root = await aRoot()
    const place = await anObject(root, 'a', 1, 1)
    let current = 1
    for (let round = 0; round < 300; round++) {
      // Mostly the current one, else one from up to 40 generations ago: 1.6 windows and 2.5.
      const seen = round % 3 === 0 ? Math.max(1, current - ((round * 7) % 41)) : current
      const made = await lateWriter(root, place, seen).catch(error => {
        assert.ok(error instanceof AmbiguousWrite)
        assert.ok(seen <= current - WINDOW)
        return undefined
      })
      assert.equal(made !== undefined, seen === current)
      if (made) current = made.generation
      assert.equal((await look(place))?.generation, current)
    }
    assert.ok(current > 200)
  })
})

describe('an object', () => {
  test('is made whole or not at all: of two that make it the second one fails', async () => {
    const root = await aRoot()
    const place = placeOf(root, 'deep/down/a')
    const [first, second] = [await aStaged(root, 'first'), await aStaged(root, 'second')]
    assert.deepEqual(await create(place, first), first.version)
    assert.equal(await create(place, second), undefined)
    assert.equal(await textAt(await openFileStore(root), 'deep/down/a'), 'first')
  })

  test('is not made half when its temporary files are removed under its writer', async () => {
    const root = await aRoot()
    const place = placeOf(root, 'a')
    const staged = await aStaged(root, 'lost')
    await rm(staged.folder, { recursive: true })
    await assert.rejects(create(place, staged))
    assert.equal(await look(place), undefined)
    await anObject(root, 'a', 1, 5)
    await assert.rejects(replace(place, { incarnation: HAND_MADE, generation: 5 }, staged), error => {
      return error instanceof StoreError && /nothing was written/.test(error.message)
    })
  })

  test('keeps its newest generations only, and the next writer removes what a killed one left', async () => {
    const root = await aRoot()
    const place = await anObject(root, 'a', 1, 40)
    const store = await openFileStore(root)
    assert.equal(await textAt(store, 'a'), '40')
    await store.put('a', text('41'))
    const newest = Array.from({ length: WINDOW }, (_, index) => nameOf(41 - WINDOW + 1 + index))
    assert.deepEqual(await versionsIn(place), newest)
  })

  test('is as it was for a reader whose version was removed before it was opened', async () => {
    const root = await aRoot()
    const place = await anObject(root, 'a', 50, 65)
    assert.equal(await readVersion(place, { incarnation: HAND_MADE, generation: 10 }, {}), undefined)
    assert.equal(await textAt(await openFileStore(root), 'a'), '65')
  })

  test('is not read from a folder that was being emptied, or listed while it changed', async () => {
    const root = await aRoot()
    const place = await anObject(root, 'a', 50, 65)
    const names = await readdir(place.folder)
    const listings = mock.method(fs, 'readdir')
    syncBuiltinESMExports()
    for (const partial of [names.slice(0, 5), [`i-${HAND_MADE}`], [nameOf(65)], [], names.map(name => `${name}x`)]) {
      for (const turn of [0, 1]) {
        const answer = (async () => partial) as unknown as typeof fs.readdir
        listings.mock.mockImplementationOnce(answer, listings.mock.callCount() + turn)
        assert.equal((await look(place))?.generation, 65)
      }
    }
    listings.mock.restore()
    syncBuiltinESMExports()
  })

  test('whose folder holds no version is reported as corrupt, by its key', async () => {
    const root = await aRoot()
    await anObject(root, 'a/b', 1, 0)
    const store = await openFileStore(root)
    const isCorrupt = (error: unknown) => error instanceof CorruptObjectError && error.key === 'a/b'
    await assert.rejects(store.get('a/b'), isCorrupt)
    await assert.rejects(store.put('a/b', text('x')), isCorrupt)
    await assert.rejects(keysOf(store, { prefix: '' }), isCorrupt)
    await store.delete(['a/b'])
    await store.put('a/b', text('healed'))
    assert.equal(await textAt(store, 'a/b'), 'healed')
  })

  test('whose folder is empty is missing, and can be made', async () => {
    const root = await aRoot()
    const store = await openFileStore(root)
    await mkdir(placeOf(root, 'a').folder)
    assert.equal((await store.get('a')).status, 'missing')
    assert.deepEqual(await keysOf(store, { prefix: '' }), [])
    await store.put('a', text('made'), { condition: { ifNoneMatch: '*' } })
    assert.equal(await textAt(store, 'a'), 'made')
  })

  test('keeps files that are not the store’s', async () => {
    const root = await aRoot()
    const place = await anObject(root, 'a', 1, 30)
    await writeFile(join(place.folder, '.DS_Store'), 'x')
    await writeFile(join(place.folder, 'notes.txt'), 'x')
    const store = await openFileStore(root)
    await store.put('a', text('31'))
    const names = await readdir(place.folder)
    assert.ok(names.includes('.DS_Store') && names.includes('notes.txt'))
    assert.equal(await textAt(store, 'a'), '31')
  })
})

describe('what a folder’s names mean', () => {
  test('generations count as numbers, within their incarnation', () => {
    const names = ['b.000000000007', 'i-a', 'a.000000000009', 'a.000000000010', 'a.11', 'a.000000000012.swp']
    const { stale, ...version } = sightOf(names)
    assert.deepEqual(version, { incarnation: 'a', generation: 10 })
    assert.deepEqual(stale, ['b.000000000007'])
  })

  test('an etag is the incarnation and the generation, as the file is called', () => {
    assert.equal(etagOf({ incarnation: 'abc', generation: 12 }), 'abc.000000000012')
  })
})
