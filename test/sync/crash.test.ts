// Operations that are cut short at each request that they make, and go on later, when others have changed everything once more.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import { LeaseLostError } from '../../lib/errors.ts'
import { LeaseCell } from '../../lib/lease/leases.ts'
import { parseNamespaceName, parsePath } from '../../lib/names.ts'
import { openNamespace } from '../../lib/namespace/namespace.ts'
import type { Namespace } from '../../lib/runlet.ts'
import { CopyState } from '../../lib/sync/copy-state.ts'
import { encodeJournal } from '../../lib/sync/entry.ts'
import { LocalFiles } from '../../lib/sync/local-files.ts'
import { isOurs } from '../../lib/sync/ours.ts'
import { pull } from '../../lib/sync/pull.ts'
import { push } from '../../lib/sync/push.ts'
import type { Turn } from '../../lib/sync/turn.ts'
import type { WorkingCopy } from '../../lib/sync/working-copy.ts'
import { contents } from '../support/world.ts'
import { aBucket, aFolder, type Client, files, write } from './support.ts'

/** Too large for the index: each is a request of its own, at which a pull or push can be cut short. */
const large = (text: string) => text.padEnd(5_000, '.')

const PATHS = ['a', 'b/1', 'b/2', 'c/d/e', 'f']

async function commit(namespace: Namespace, version: string, deleted: readonly string[] = []): Promise<void> {
  await namespace.commit(tx => {
    for (const path of PATHS) {
      if (deleted.includes(path)) tx.delete(path)
      else tx.put(path, large(`${path} ${version}`))
    }
  })
}

/** Runs the work with only so many of its requests answered; resolves to whether it was cut short by that. */
async function cutShort({ failAt }: Client, answered: number, work: () => Promise<unknown>): Promise<boolean> {
  let asked = 0
  failAt(() => asked++ >= answered)
  const failed = await work().then(
    () => false,
    () => true,
  )
  failAt(() => false)
  return failed
}

/** Cuts the work short at its first request, its second, and so on, each time on a new copy, until it comes to its end. */
async function atEachRequest(
  round: (
    client: Client,
    copy: WorkingCopy,
    cut: (work: () => Promise<unknown>) => Promise<boolean>,
  ) => Promise<boolean>,
): Promise<void> {
  for (let answered = 0; ; answered++) {
    const open = aBucket()
    const client = await open()
    const copy = await client.namespace.workingCopy(aFolder())
    const ended = !(await round(client, copy, work => cutShort(client, answered, work)))
    if (ended) return assert.ok(answered > 3, `it made only ${answered} requests`)
  }
}

async function assertInStep({ namespace }: Client, copy: WorkingCopy): Promise<void> {
  assert.deepEqual(await files(copy.directory), await contents(namespace))
  assert.deepEqual(await copy.push(), { seq: undefined, put: 0, deleted: 0 })
  const left = await readdir(join(copy.directory, '.runlet', 'copy'))
  assert.ok(!left.includes('journal'))
}

describe('a pull that is cut short anywhere', () => {
  test('leaves nothing that looks as if it had been edited here, whatever others do next', () =>
    atEachRequest(async (client, copy, cut) => {
      await commit(client.namespace, '1')
      await copy.pull()
      await commit(client.namespace, '2', ['b/1'])
      const was = await cut(() => copy.pull())
      await commit(client.namespace, '3', ['a', 'c/d/e'])
      assert.deepEqual((await copy.pull()).conflicts, [])
      await assertInStep(client, copy)
      return was
    }))

  test('and was the first one neither', () =>
    atEachRequest(async (client, copy, cut) => {
      await commit(client.namespace, '1')
      const was = await cut(() => copy.pull())
      await commit(client.namespace, '2', ['a', 'c/d/e'])
      assert.deepEqual((await copy.pull()).conflicts, [])
      await assertInStep(client, copy)
      return was
    }))

  test('keeps what was edited here in between', () =>
    atEachRequest(async (client, copy, cut) => {
      await commit(client.namespace, '1')
      await copy.pull()
      await commit(client.namespace, '2')
      const was = await cut(() => copy.pull())
      await write(copy.directory, { a: 'mine' })
      await commit(client.namespace, '3')
      assert.deepEqual((await copy.pull()).conflicts, ['a'])
      assert.equal((await files(copy.directory)).a, 'mine')
      return was
    }))

  test('keeps the deletion of a file that it had brought', () =>
    atEachRequest(async (client, copy, cut) => {
      await commit(client.namespace, '1')
      const was = await cut(() => copy.pull())
      const brought = Object.keys(await files(copy.directory))
      await copy.status()
      for (const path of brought) await rm(join(copy.directory, path))
      await copy.pull()
      await copy.push()
      assert.deepEqual(
        Object.keys(await contents(client.namespace)),
        PATHS.filter(path => !brought.includes(path)),
      )
      return was
    }))
})

test('what a killed process had begun to write is removed by the next operation', async () => {
  const client = await aBucket()()
  await commit(client.namespace, '1')
  const copy = await client.namespace.workingCopy(aFolder())
  await copy.pull()
  const own = join(copy.directory, '.runlet', 'copy')
  await writeFile(join(own, 'tmp', 'half'), large('half'))
  await writeFile(join(own, 'journal'), encodeJournal([{ path: parsePath('a'), side: undefined }]))
  await commit(client.namespace, '2')
  await copy.pull()
  await assertInStep(client, copy)
  assert.deepEqual(await readdir(join(own, 'tmp')), [])
})

test('a push that is cut short anywhere is completed by the next one', () =>
  atEachRequest(async (client, copy, cut) => {
    await commit(client.namespace, '1')
    await copy.pull()
    const edited = { a: large('mine'), new: large('mine'), 'b/2': large('mine') }
    await write(copy.directory, edited)
    await rm(join(copy.directory, 'f'))
    const was = await cut(() => copy.push())
    await copy.push()
    const found = await contents(client.namespace)
    assert.deepEqual({ ...found, ...edited }, found)
    assert.deepEqual(found, await files(copy.directory))
    await copy.pull()
    await assertInStep(client, copy)
    return was
  }))

test('a journal whose last line was cut short counts as far as it goes', async () => {
  const client = await aBucket()()
  const copy = await client.namespace.workingCopy(aFolder())
  await copy.pull()
  await write(copy.directory, { done: '1', 'not-begun': '1' })
  const line = (path: string) => JSON.stringify([path, createHash('sha256').update('1').digest('hex'), 0])
  await writeFile(join(copy.directory, '.runlet/copy/journal'), `${line('done')}\n${line('not-begun').slice(0, -9)}`)
  const status = await copy.status()
  assert.deepEqual([status.added, status.modified], [['not-begun'], []])
  const left = await readdir(join(copy.directory, '.runlet', 'copy'))
  assert.ok(!left.includes('journal'))
})

for (const narrow of [false, true]) {
  test(`what a pull brought before it was killed can be changed back by the next ${narrow ? 'narrow ' : ''}push`, async () => {
    const open = aBucket()
    const [{ namespace }, { namespace: other }] = [await open(), await open()]
    await namespace.put('a', 'first')
    const root = aFolder()
    const copy = await namespace.workingCopy(root)
    await copy.pull()
    const state = join(root, '.runlet', 'copy')
    const before = await readFile(join(state, 'state.json'))
    await other.get('a')
    await other.put('a', 'second')
    await copy.pull()
    // Killed just before the head was written.
    await writeFile(join(state, 'state.json'), before)
    const side = { sha256: createHash('sha256').update('second').digest('hex'), executable: false }
    await writeFile(join(state, 'journal'), encodeJournal([{ path: parsePath('a'), side }]))
    await write(root, { a: 'first' })
    assert.equal((await copy.push({ narrow })).put, 1)
    assert.deepEqual(await contents(other), { a: 'first' })
  })
}

test('who lost the turn, asleep for too long, does not touch the directory', async () => {
  const { namespace, objects } = await aBucket()()
  await commit(namespace, '1')
  const directory = aFolder()
  const turn: Turn = {
    namespace: openNamespace(objects, parseNamespaceName('n'), systemAmbient),
    signing: { author: 'me', rules: [], suffix: 'me' },
    directory,
    prefix: '',
    includes: isOurs,
    derived: () => false,
    turns: new LeaseCell(objects, 'turn', 'working copy', systemAmbient),
    files: new LocalFiles(directory, systemAmbient),
    state: new CopyState(directory, systemAmbient),
    ambient: systemAmbient,
    held: AbortSignal.abort(),
    signal: undefined,
  }
  await assert.rejects(pull(turn), LeaseLostError)
  assert.deepEqual(await files(directory), {})
  await write(directory, { mine: '1' })
  await assert.rejects(push({ ...turn, state: new CopyState(directory, systemAmbient) }, undefined, {}), LeaseLostError)
  assert.equal((await contents(namespace)).mine, undefined)
})
