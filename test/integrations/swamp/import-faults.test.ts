// An import that dies at any request: readers see all of it or nothing, and the next import completes it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { exportToSwamp } from '../../../lib/integrations/swamp/export/export.ts'
import { SwampWorld } from './import-world.ts'

const BEFORE = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`data/${i}/raw`, `value ${i}`]))
const CHANGES = {
  'data/0/raw': 'newer',
  'data/1/raw': undefined,
  'data/5/raw': 'x'.repeat(6_000),
  'data/99/raw': 'new',
}

/** By path, what version the namespace has: reading it would fail where swamp has changed it. */
async function hashes(world: SwampWorld): Promise<Record<string, string | undefined>> {
  const all: Record<string, string | undefined> = {}
  const namespace = await world.aClient().store.namespace('p', { assumeExists: true })
  try {
    for await (const { path, sha256 } of namespace.list()) all[path] = sha256
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'ERR_RUNLET_NAMESPACE_NOT_FOUND')
  }
  return all
}

describe('an import that is cut off at any request', () => {
  for (const copy of [false, true]) {
    for (const what of ['the first', 'a later'] as const) {
      test(`${what} one${copy ? ' with copies' : ''}, leaves all as it was, or all as it is to be`, async () => {
        for (let cut = 0, done = false; !done; cut++) {
          const world = new SwampWorld()
          await world.world.run(async () => {
            await world.swamp.push(BEFORE)
            if (what === 'a later') {
              await world.import({ copy })
              await world.swamp.push(CHANGES)
            }
            const was = await hashes(world)
            let asked = 0
            const dying = world.aClient(() => (++asked > cut ? 'lose' : 'pass'))
            done = await world.import({ copy }, dying).then(
              () => true,
              () => false,
            )
            const now = await hashes(world)
            await world.import({ copy })
            const whole = await hashes(world)
            assert.ok(
              [was, whole].some(state => JSON.stringify(state) === JSON.stringify(now)),
              `cut at ${cut}`,
            )
            const { 'data/1/raw': _, ...rest } = { ...BEFORE, ...CHANGES }
            assert.deepEqual(await world.contents(), what === 'a later' ? rest : BEFORE)
            assert.equal((await world.import({ copy })).seq, undefined)
          })
        }
      })
    }
  }
})

interface Round {
  readonly change: Record<string, string | undefined>
  readonly copy: boolean
  readonly exports: boolean
}

const path = fc.constantFrom('a', 'b/1', 'b/2', 'b-', 'b/1/x', 'ä', 'z z+%', '\u{1f600}')
const value = fc.oneof(fc.constant(''), fc.string({ maxLength: 20 }), fc.constant('large'.repeat(2_000)))
const change = fc.dictionary(path, fc.option(value, { nil: undefined }), { maxKeys: 5 })

/** A value that was copied, written anew with the same bytes, and then deleted: nobody else has changed it. */
const WRITTEN_ANEW_THEN_DELETED: [Round[], 'one file', boolean, Record<string, string>] = [
  [
    { change: { a: '' }, copy: true, exports: false },
    { change: { a: '' }, copy: false, exports: false },
    { change: { a: undefined }, copy: false, exports: false },
  ],
  'one file',
  false,
  {},
]

describe('any swamp datastore', () => {
  test('imported, changed and imported again is as imported afresh, and exported reads back the same', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ change, copy: fc.boolean(), exports: fc.boolean() }), { minLength: 1, maxLength: 4 }),
        fc.constantFrom('one file', 'sharded', 'none'),
        fc.boolean(),
        fc.dictionary(fc.constantFrom('own/1', 'own/2'), value),
        async (rounds, index, hashed, own) => {
          const world = new SwampWorld({ index, hashes: hashed })
          const files: Record<string, string> = {}
          await world.world.run(async () => {
            const namespace = await world.aClient().store.namespace('p', { create: true })
            await world.swamp.push({ 'always/there': 'x' })
            files['always/there'] = 'x'
            for (const { change: changes, copy, exports } of rounds) {
              await world.client.ambient.sleep(5_000)
              await world.swamp.push(changes)
              for (const [at, text] of Object.entries(changes)) {
                if (text === undefined) delete files[at]
                else files[at] = text
              }
              await world.import({ copy, anyFiles: true })
              for (const [at, text] of Object.entries(own)) await namespace.put(at, text)
              assert.deepEqual(await world.contents(), { ...files, ...own })
              assert.equal((await world.import({ copy, anyFiles: true })).seq, undefined)
              if (!exports) continue
              await exportToSwamp(world.open(), world.datastore(), { author: 'x', anyFiles: true })
              Object.assign(files, own)
              for (const at of Object.keys(own)) await world.swamp.adopt(at, own[at] ?? '')
              assert.deepEqual(await world.contents(), files)
            }
          })
          const afresh = new SwampWorld({ index, hashes: hashed })
          await afresh.world.run(async () => {
            await afresh.swamp.push(files)
            await afresh.import({ anyFiles: true })
            assert.deepEqual(await afresh.contents(), files)
          })
        },
      ),
      { numRuns: 40, examples: [WRITTEN_ANEW_THEN_DELETED] },
    ))
})
