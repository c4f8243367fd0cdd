// What a run says that it changed, and what it says of itself.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { InvalidArgumentError } from '../../lib/errors.ts'
import type { Namespace } from '../../lib/runlet.ts'
import { inWorld, parentIn } from './support.ts'

async function changesOf(namespace: Namespace): Promise<string[]> {
  const changes: string[] = []
  for await (const { path, change } of namespace.changes()) changes.push(`${change} ${path}`)
  return changes
}

describe('the changes of a run', () => {
  test('are what it added, modified and deleted since its fork, whatever its parent did meanwhile', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      for (const path of ['b', 'c', 'd']) await parent.put(path, 'old')
      const run = await parent.fork('r1')
      assert.deepEqual(await changesOf(run), [])
      await run.put('a', 'new')
      await run.put('b', 'new')
      await run.delete('c')
      await run.put('d', 'other')
      await run.put('d', 'old')
      await run.put('e', 'for a moment')
      await run.delete('e')
      await parent.put('f', "the parent's")
      assert.deepEqual(await changesOf(run), ['added a', 'modified b', 'deleted c'])
      assert.deepEqual(await changesOf(await world.client().store.namespace(run.name)), await changesOf(run))
    }))
})

describe('a namespace', () => {
  test('tells how its run ended, as it last saw it', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      const run = await parent.fork('r1')
      assert.equal(run.state, 'open')
      await run.fold()
      assert.equal((await world.client().store.namespace('p/r1')).state, 'folded')
      const unasked = await world.client().store.namespace('p/r1', { assumeExists: true })
      assert.equal(unasked.state, undefined)
    }))

  test('lists one run by its id', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      for (const id of ['one', 'two']) await parent.fork(id)
      assert.deepEqual(
        (await parent.runs('two')).map(run => run.name),
        ['p/two'],
      )
      assert.deepEqual(await parent.runs('three'), [])
    }))

  test('refuses to be kept for less than nothing', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await assert.rejects(parent.fork('r1', { keepMs: -1 }), InvalidArgumentError)
      assert.deepEqual(await parent.runs(), [])
    }))
})
