// Stored objects that are too much: too large, too deep, out of every range. Readers refuse them by name, and hold no more of them than
// their kind may need.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { CorruptObjectError, FormatVersionError } from '../../lib/errors.ts'
import { text } from '../support/world.ts'
import { aNamespace, assertRefused, drain, edit, freshly, inWorld, overwrite } from './support.ts'

const HEAD = 'ns/p/_/head'
const corrupt = (problem: RegExp) => ({
  type: CorruptObjectError,
  code: 'ERR_RUNLET_CORRUPT_OBJECT',
  says: [RegExp(`^stored object "${HEAD}"`), problem],
})
const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
const sha256 = 'a'.repeat(64)

describe('a head', () => {
  test('of 100 MB is refused without being parsed', () =>
    inWorld(async world => {
      await aNamespace(world)
      await overwrite(world, HEAD, Buffer.alloc(100 * 1024 * 1024, ' '))
      await assertRefused(world.bucket, () => freshly(world), corrupt(/is larger than \d+ bytes/))
    }))

  test('whose format is nested a hundred thousand levels deep is refused as any other', () =>
    inWorld(async world => {
      await aNamespace(world)
      await overwrite(world, HEAD, `{"format":${deep(100_000)}}`)
      const refusal = { type: FormatVersionError, code: 'ERR_RUNLET_FORMAT_VERSION', says: [/has format "object"/] }
      await assertRefused(world.bucket, () => freshly(world), refusal)
    }))

  test('whose policies are nested deep is refused, and not written back', () =>
    inWorld(async world => {
      await aNamespace(world)
      const run = { label: 'x', onError: 'keep', onConflict: 'DEEP' }
      await edit(world, HEAD, head => ({ ...head, run }))
      const head = Buffer.from(world.bucket.objects.get(HEAD)?.body ?? []).toString()
      await overwrite(world, HEAD, head.replace('"DEEP"', deep(100_000)))
      await assertRefused(world.bucket, () => freshly(world), corrupt(/malformed at run.onConflict/))
    }))

  test('with a time that no date can show is refused', () =>
    inWorld(async world => {
      await aNamespace(world)
      await edit(world, HEAD, head => ({ ...head, createdAt: 1e300 }))
      await assertRefused(world.bucket, () => freshly(world), corrupt(/malformed at createdAt/))
    }))

  test('cannot make an error long, or speak to a terminal', () =>
    inWorld(async world => {
      await aNamespace(world)
      await edit(world, HEAD, head => ({ ...head, fences: { [`\u001b[2J\n\u009b${'x'.repeat(100_000)}`]: 'x' } }))
      const { message } = await assertRefused(
        world.bucket,
        () => freshly(world),
        corrupt(/malformed at fences.\\u001b\[2J\\u000a\\u009b/),
      )
      assert.ok(message.length < 1000)
      assert.doesNotMatch(message, /\p{Cc}/u)
    }))
})

describe('a row', () => {
  /** What reading the path `x` gives when the head says so of it. */
  const withRow = (row: object, act: (namespace: Awaited<ReturnType<typeof freshly>>) => Promise<void>) =>
    inWorld(async world => {
      await aNamespace(world)
      const rows = [{ path: 'x', at: 0, author: 'x', sha256, ...row }]
      await edit(world, HEAD, head => ({ ...head, layers: [{ from: 0, to: 0, rows }] }))
      await overwrite(world, 'ns/p/_/values/abcdefgh-1', Buffer.alloc(50_000_000))
      await act(await freshly(world))
    })
  const refused = { code: 'ERR_RUNLET_CORRUPT_OBJECT' }

  test('whose object is larger than it says is refused', () =>
    withRow({ size: 10, object: 'abcdefgh-1' }, async namespace => {
      await assert.rejects(namespace.get('x'), { ...refused, key: 'ns/p/_/values/abcdefgh-1' })
    }))

  test('of no size with an object is what nothing is', () =>
    withRow({ size: 0, object: 'abcdefgh-1' }, async namespace => {
      await assert.rejects(namespace.get('x'), { ...refused, key: 'ns/p/_/values/abcdefgh-1' })
    }))

  test('whose inline value says that it is a large one is refused when it is streamed', () =>
    withRow({ size: 1e15, value: 'YQ==' }, async namespace => {
      await assert.rejects(async () => drain((await namespace.stream('x')) ?? assert.fail()), refused)
    }))

  for (const [why, size, pack] of [
    ['outside of its pack', 10, ['abcdefgh-1', 95, 100]],
    ['in a pack that is larger than any', 10, ['abcdefgh-1', 0, 1e12]],
    ['too large for a pack', 1e6, ['abcdefgh-1', 0, 2e6]],
  ] as const) {
    test(`that lies ${why} makes its head refused`, () =>
      assert.rejects(
        withRow({ size, pack }, async () => undefined),
        { ...refused, key: HEAD },
      ))
  }
})

test('an index file of as many rows as fit its text is refused before they are parsed', () =>
  inWorld(async world => {
    const namespace = await aNamespace(world)
    const [key = ''] = world.keys('ns/p/_/index/')
    const count = 3_000_000
    const header = JSON.stringify({ format: 1, kind: 'rows', namespace: 'p', count })
    await overwrite(world, key, gzipSync(`${header}\n${'0\n'.repeat(count)}`))
    const reopened = await freshly(world)
    const refusal = {
      ...corrupt(/malformed at count/),
      says: [RegExp(`^stored object "${key}"`), /malformed at count/],
    }
    await assertRefused(world.bucket, () => drain(reopened.list()), refusal)
    assert.equal(text(await namespace.get('tail')), 'in the head')
  }))
