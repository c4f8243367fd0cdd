// A working copy that becomes one of another namespace.
import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ConflictError, CopyMismatchError } from '../../lib/errors.ts'
import { type Namespace, openStore } from '../../lib/runlet.ts'
import { contents } from '../support/world.ts'
import { aBucket, aFolder, type Client, files, write } from './support.ts'

/** Too large to lie in the index: what is fetched of it is a request that can be seen. */
const large = (text: string) => text.padEnd(5_000, '.')

/** Two namespaces, and a folder that is in step with the first of them. */
async function aCopyOf(first: Record<string, string>, second: Record<string, string>) {
  const client = await aBucket()('first')
  const other = await client.store.namespace('second', { create: true })
  await fill(client.namespace, first)
  await fill(other, second)
  const root = aFolder()
  const copy = await client.namespace.workingCopy(root)
  await copy.pull()
  client.requests.length = 0
  return { client, first: client.namespace, second: other, root, copy }
}

async function fill(namespace: Namespace, files: Record<string, string>): Promise<void> {
  await namespace.commit(tx => {
    for (const [path, value] of Object.entries(files)) tx.put(path, value)
  })
}

const valuesRead = ({ requests }: Client) => requests.filter(request => request.includes('/values/'))

describe('a copy of another namespace that is bound to this one', () => {
  test('becomes what this one is, and fetches only what differs', async () => {
    const { client, second, root } = await aCopyOf(
      { same: large('1'), other: large('1'), gone: large('1') },
      { same: large('1'), other: large('2'), fresh: large('3') },
    )
    const copy = await second.workingCopy(root, { rebind: true })
    assert.deepEqual(await copy.pull(), { seq: 1, written: 2, removed: 1, conflicts: [] })
    assert.deepEqual(await files(root), await contents(second))
    client.requests.length = 0
    await (await second.workingCopy(root)).pull()
    assert.deepEqual(client.requests, ['get ns/second/_/head'])
    assert.deepEqual(await copy.push(), { seq: undefined, put: 0, deleted: 0 })
  })

  test('asks for no value when nothing differs', async () => {
    const same = { a: large('a'), 'b/c': large('b') }
    const { client, second, root } = await aCopyOf(same, same)
    await (await second.workingCopy(root, { rebind: true })).pull()
    assert.deepEqual(valuesRead(client), [])
  })

  test('keeps what was changed and not pushed, for the next push', async () => {
    const common = { edited: 'base', removed: 'base', left: 'base' }
    const { first, second, root } = await aCopyOf(common, common)
    await write(root, { edited: 'mine', added: 'mine' })
    await rm(join(root, 'removed'))
    const copy = await second.workingCopy(root, { rebind: true })
    assert.deepEqual((await copy.pull()).conflicts, [])
    assert.deepEqual(await copy.push(), { seq: 2, put: 2, deleted: 1 })
    assert.deepEqual(await contents(second), { edited: 'mine', added: 'mine', left: 'base' })
    assert.deepEqual(await contents(first), common)
  })

  test('finds in conflict what was changed here and is otherwise there', async () => {
    const { second, root } = await aCopyOf({ a: 'base', b: 'base', c: 'base' }, { a: 'theirs', c: 'base' })
    await write(root, { a: 'mine', b: 'mine' })
    const copy = await second.workingCopy(root, { rebind: true })
    assert.deepEqual((await copy.pull()).conflicts, ['a', 'b'])
    assert.deepEqual(await files(root), { a: 'mine', b: 'mine', c: 'base' })
    await assert.rejects(copy.push(), ConflictError)
    await copy.settle('theirs')
    assert.deepEqual(await files(root), { a: 'theirs', c: 'base' })
  })

  test('judges anew what was in conflict with the other namespace', async () => {
    const { first, second, root, copy } = await aCopyOf(
      { now: 'base', still: 'base', agreed: 'base' },
      { now: 'base', still: 'other', agreed: 'mine' },
    )
    await write(root, { now: 'mine', still: 'mine', agreed: 'mine', 'no-base': 'mine' })
    await fill(first, { now: 'theirs', still: 'theirs', agreed: 'theirs', 'no-base': 'theirs' })
    assert.equal((await copy.pull()).conflicts.length, 4)
    const bound = await second.workingCopy(root, { rebind: true })
    assert.deepEqual((await bound.pull()).conflicts, ['still'])
    await bound.settle('ours')
    await bound.push()
    assert.deepEqual(await contents(second), { now: 'mine', still: 'mine', agreed: 'mine', 'no-base': 'mine' })
  })

  test('settles a conflict only after it was judged anew', async () => {
    const { first, second, root, copy } = await aCopyOf({ a: 'base' }, { a: 'other' })
    await write(root, { a: 'mine' })
    await fill(first, { a: 'theirs' })
    await copy.pull()
    await (await second.workingCopy(root, { rebind: true })).settle('theirs')
    assert.deepEqual(await files(root), { a: 'other' })
  })

  test('comes through when the pull is cut short anywhere', async () => {
    const here = { same: large('1'), other: large('1'), gone: large('1'), edited: 'base' }
    const there = { same: large('1'), other: large('2'), new1: large('3'), new2: large('4'), edited: 'base' }
    for (let cut = 0; ; cut++) {
      const { client, second, root } = await aCopyOf(here, there)
      await write(root, { edited: 'mine' })
      let answered = 0
      client.failAt(() => answered++ >= cut)
      const cutShort = await second
        .workingCopy(root, { rebind: true })
        .then(copy => copy.pull())
        .then(
          () => false,
          () => true,
        )
      client.failAt(() => false)
      const copy = await second.workingCopy(root)
      await copy.pull()
      await copy.push()
      assert.deepEqual(await files(root), { ...there, edited: 'mine' }, `cut at ${cut}`)
      assert.deepEqual(await contents(second), await files(root))
      if (!cutShort) return assert.ok(cut > 4)
    }
  })

  test('is what it was when it is a copy of this namespace already', async () => {
    const { client, first, root } = await aCopyOf({ a: '1' }, {})
    await (await first.workingCopy(root, { rebind: true })).pull()
    assert.deepEqual(client.requests, ['get ns/first/_/head'])
  })

  test('is refused when it was not asked for, or has another prefix, or another store', async () => {
    const { second, root } = await aCopyOf({ 'a/b': '1' }, {})
    await assert.rejects(second.workingCopy(root), CopyMismatchError)
    await assert.rejects(second.workingCopy(root, { rebind: true, prefix: 'a/' }), CopyMismatchError)
    const elsewhere = await openStore(`file:${aFolder()}`)
    const stranger = await elsewhere.namespace('second', { create: true })
    await assert.rejects(stranger.workingCopy(root, { rebind: true }), {
      code: 'ERR_RUNLET_COPY_MISMATCH',
      message: /"first" \(prefix ""\) in memory:, not of "second" \(prefix ""\) in file:/,
    })
    await elsewhere.close()
    assert.deepEqual(await files(root), { 'a/b': '1' })
  })
})

describe('a copy whose last push died, bound to another namespace,', () => {
  const common = { pushed: 'base', removed: 'base', since: 'base', left: 'base' }
  const noteOf = (root: string) => join(root, '.runlet/copy/pushing.json')

  /** It dies when it swaps the head: `before`, nothing of it was committed; `after`, all of it. */
  async function aDeadPush(phase: 'before' | 'after') {
    const world = await aCopyOf(common, common)
    const { client, root, copy } = world
    await write(root, { pushed: 'mine' })
    await rm(join(root, 'removed'))
    let died = false
    client.failAt(request => {
      died ||= request.operation === 'put' && request.key.endsWith('/head') && request.phase === phase
      return died
    })
    await assert.rejects(copy.push())
    client.failAt(() => false)
    await write(root, { since: 'mine' })
    return { ...world, note: await readFile(noteOf(root)) }
  }

  for (const [what, phase, there, here] of [
    ['takes along what was not committed', 'before', common, { pushed: 'mine', since: 'mine', left: 'base' }],
    ['leaves what was committed where it is', 'after', { pushed: 'mine', since: 'base', left: 'base' }, common],
  ] as const) {
    const expected = { ...here, since: 'mine' }

    test(`${what}, and its note is gone`, async () => {
      const { first, second, root } = await aDeadPush(phase)
      const copy = await second.workingCopy(root, { rebind: true })
      await assert.rejects(readFile(noteOf(root)), { code: 'ENOENT' })
      assert.deepEqual((await copy.pull()).conflicts, [])
      await copy.push()
      assert.deepEqual(await contents(first), there)
      assert.deepEqual(await contents(second), expected)
      assert.deepEqual(await files(root), expected)
      await copy.dispose()
    })

    test(`${what}, though it is killed before it forgets the note`, async () => {
      const { first, second, root, note } = await aDeadPush(phase)
      await (await second.workingCopy(root, { rebind: true })).dispose()
      await writeFile(noteOf(root), note)
      const copy = await second.workingCopy(root)
      await copy.push()
      await assert.rejects(readFile(noteOf(root)), { code: 'ENOENT' })
      assert.deepEqual((await copy.pull()).conflicts, [])
      assert.deepEqual(await contents(first), there)
      assert.deepEqual(await contents(second), expected)
      assert.deepEqual(await files(root), expected)
      await copy.dispose()
    })
  }
})

test('a copy of a run goes on when the run has ended and its id is used again', async () => {
  const { namespace } = await aBucket()()
  await fill(namespace, { a: 'parent', b: 'parent' })
  const root = aFolder()
  const first = await namespace.fork('nightly')
  await (await first.workingCopy(root)).pull()
  await write(root, { a: 'first' })
  await (await first.workingCopy(root)).push()
  await first.fold()
  await fill(namespace, { b: 'since' })
  const second = await namespace.fork('nightly')
  await write(root, { c: 'mine' })
  const copy = await second.workingCopy(root)
  assert.equal((await copy.push()).put, 1)
  await copy.pull()
  assert.deepEqual(await files(root), { a: 'first', b: 'since', c: 'mine' })
  assert.deepEqual(await contents(second), await files(root))
})

test('a run whose id is used again is another one, though all that it stood on can still be read', async () => {
  const { namespace, objects } = await aBucket()()
  const root = aFolder()
  const first = await namespace.fork('nightly')
  await first.put('a', 'first')
  await (await first.workingCopy(root)).pull()
  const pins: [string, Uint8Array][] = []
  for await (const { key } of objects.list({ prefix: 'ns/n/_/forks/' })) {
    const answer = await objects.get(key)
    if (answer.status === 'found') pins.push([key, answer.body])
  }
  assert.equal(pins.length, 1)
  await first.discard()
  const second = await namespace.fork('nightly')
  await second.put('a', 'second')
  for (const [key, body] of pins) await objects.put(key, body) // as a cache on disk has it
  await (await second.workingCopy(root)).pull()
  assert.deepEqual(await files(root), { a: 'second' })
})
