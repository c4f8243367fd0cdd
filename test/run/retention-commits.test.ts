// Retention as writes: a dry run, its commits, its signal, and open runs that reach what goes.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AbortedError, InvalidArgumentError } from '../../lib/errors.ts'
import { applied, FIVE_VERSIONS, pathsOf, retain, versions, write } from './retention-world.ts'
import { inWorld, parentIn } from './support.ts'

describe('retention', () => {
  test('writes nothing in a dry run, and tells what the next one does', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, versions('m', [1, 2, 3, 4, 'x']))
      const before = world.keys().map(key => [key, world.bucket.objects.get(key)?.etag])
      const dry = await applied(world, [FIVE_VERSIONS], { dryRun: true })
      assert.deepEqual(
        world.keys().map(key => [key, world.bucket.objects.get(key)?.etag]),
        before,
      )
      assert.deepEqual(await applied(world, [FIVE_VERSIONS]), dry)
      assert.equal(dry.files, 4)
    }))

  test('makes ordinary commits, which the log names', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, versions('m', [1, 2, 3]))
      await applied(world, [FIVE_VERSIONS])
      for await (const { author, message, rows } of parent.log()) {
        assert.deepEqual(
          { author, message, rows },
          { author: 'sweep', message: `retention: ${FIVE_VERSIONS.path}`, rows: 2 },
        )
        return
      }
    }))

  test('done again finds nothing, and commits nothing', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, versions('m', [1, 2, 3]))
      await applied(world, [FIVE_VERSIONS])
      const head = world.peek('ns/p/_/head')
      assert.equal((await applied(world, [FIVE_VERSIONS])).files, 0)
      assert.deepEqual(world.peek('ns/p/_/head'), head)
    }))

  test('refuses a malformed rule before it reads anything', () =>
    inWorld(async world => {
      await parentIn(world)
      const client = world.client()
      await assert.rejects(() => retain(client, [FIVE_VERSIONS, { path: 'x/**' }]), InvalidArgumentError)
      assert.deepEqual(client.requests, [])
    }))

  test('ends at its signal', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, versions('m', [1, 2, 3]))
      await assert.rejects(() => applied(world, [FIVE_VERSIONS], { signal: AbortSignal.abort() }), AbortedError)
      assert.equal((await pathsOf(parent)).length, 6)
    }))

  test('deletes more than a commit holds in several, and a unit in one as far as it fits', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      const unit = (version: number, files: number) =>
        Array.from({ length: files }, (_, i) => `data/m/${version}/${String(i).padStart(5, '0')}`)
      await write(parent, [...unit(1, 700), ...unit(2, 700), ...unit(3, 5000), ...unit(4, 10), ...unit(5, 1)])
      const report = await applied(world, [FIVE_VERSIONS])
      assert.equal(report.files, 6400)
      assert.equal(report.units, 3)
      const sizes: number[] = []
      for await (const { message, rows } of parent.log()) if (message) sizes.push(rows)
      assert.deepEqual(sizes, [904, 4096, 1400])
      assert.equal((await pathsOf(parent)).length, 11)
    }))

  test('leaves an open run what it was forked from', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, versions('m', [1, 2, 3]))
      const run = await parent.fork('build')
      await run.put('data/m/4/a.json', 'new')
      await applied(world, [FIVE_VERSIONS])
      await parent.compact()
      assert.deepEqual(await pathsOf(run), [...versions('m', [1, 2, 3]), 'data/m/4/a.json'])
      await run.fold()
      assert.deepEqual(await pathsOf(parent), [...versions('m', [2, 3]), 'data/m/4/a.json'])
    }))

  test('tells which files it deletes before it does, with the places of their values', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, { 'data/m/1/a': 'x'.repeat(10_000), 'data/m/2/a': 'x', 'data/m/3/a': 'x' })
      const told: [path: string, object: string | undefined, isThere: boolean][] = []
      await applied(world, [FIVE_VERSIONS], {
        onDelete: async rows => {
          for (const { path, object } of rows) told.push([path, object, (await parent.get(path)) !== undefined])
        },
      })
      const [value] = world.keys('ns/p/_/values/')
      assert.deepEqual(told, [['data/m/1/a', value?.split('/').at(-1), true]])
    }))

  test('has what it hid compacted away when it was a fair part', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(
        parent,
        versions(
          'm',
          Array.from({ length: 100 }, (_, i) => i),
        ),
      )
      await applied(world, [FIVE_VERSIONS])
      const { layers } = world.peek('ns/p/_/head')
      assert.deepEqual(
        layers.map((layer: { files?: { rows: number }[] }) => layer.files?.map(file => file.rows)),
        [[4]],
      )
    }))
})
