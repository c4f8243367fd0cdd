// Pushes of what was named: they look at that and nothing else, on the disk, in the copy's state and at the store.
import assert from 'node:assert/strict'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import { parsePath } from '../../lib/names.ts'
import { CopyState } from '../../lib/sync/copy-state.ts'
import { LocalFiles } from '../../lib/sync/local-files.ts'
import { isOurs } from '../../lib/sync/ours.ts'
import { scanHints } from '../../lib/sync/scan.ts'
import { contents } from '../support/world.ts'
import { aBucket, aFolder, files, write } from './support.ts'

async function aCopyOfMany() {
  const client = await aBucket()()
  await client.namespace.commit(tx => {
    for (let i = 0; i < 1000; i++) tx.put(`d${i % 10}/${i}`, String(i))
  })
  const root = aFolder()
  const copy = await client.namespace.workingCopy(root)
  await copy.pull()
  client.requests.length = 0
  return { ...client, copy, root }
}

/** What a scan of the named paths finds, and how many buckets of the state it reads for that. */
async function scanOf(root: string, ...paths: string[]) {
  const [local, state] = [new LocalFiles(root, systemAmbient), new CopyState(root, systemAmbient)]
  const hints = new Set(paths.map(parsePath))
  const changes = await scanHints({ files: local, state, ambient: systemAmbient, prefix: '', includes: isOurs }, hints)
  return { found: changes.map(({ path, local }) => `${local ? '+' : '-'}${path}`).sort(), buckets: state.bucketsRead }
}

describe('the push of a named path', () => {
  test('reads one bucket of the state for a file, be it known or new', async () => {
    const { root } = await aCopyOfMany()
    await write(root, { 'd1/1': 'changed', 'd1/new': 'new', 'e/new': 'new' })
    assert.deepEqual(await scanOf(root, 'd1/1'), { found: ['+d1/1'], buckets: 1 })
    assert.deepEqual(await scanOf(root, 'd1/new'), { found: ['+d1/new'], buckets: 1 })
    assert.deepEqual(await scanOf(root, 'e/new'), { found: ['+e/new'], buckets: 1 })
  })

  test('is one request', async () => {
    const { root, copy, requests, namespace } = await aCopyOfMany()
    await write(root, { 'd1/1': 'changed', 'd1/11': 'not named' })
    copy.markDirty('d1/1')
    assert.deepEqual(await copy.push(), { seq: 2, put: 1, deleted: 0 })
    assert.deepEqual(requests, ['put ns/n/_/head'])
    assert.equal((await contents(namespace))['d1/11'], '11')
  })

  test('finds what a folder lost, also when it is gone or became a file', async () => {
    const { root } = await aCopyOfMany()
    await rm(join(root, 'd1/1'))
    assert.deepEqual((await scanOf(root, 'd1')).found, ['-d1/1'])
    await rm(join(root, 'd2'), { recursive: true })
    assert.equal((await scanOf(root, 'd2')).found.length, 100)
    await write(root, { d2: 'a file now' })
    const { found } = await scanOf(root, 'd2')
    assert.deepEqual([found.length, found[0]], [101, '+d2'])
  })

  test('finds what became of a file that is a folder now', async () => {
    const { root } = await aCopyOfMany()
    await rm(join(root, 'd1/1'))
    await write(root, { 'd1/1/below': 'x' })
    assert.deepEqual((await scanOf(root, 'd1/1')).found, ['+d1/1/below', '-d1/1'])
  })

  test('finds nothing where nothing is or was', async () => {
    const { root } = await aCopyOfMany()
    await mkdir(join(root, 'empty'))
    assert.deepEqual((await scanOf(root, 'empty', 'nowhere', 'd1/1')).found, [])
  })
})

test('a path outside the prefix is not pushed', async () => {
  const { namespace } = await aBucket()()
  const root = aFolder()
  const copy = await namespace.workingCopy(root, { prefix: 'in/' })
  await write(root, { 'in/a': '1', 'out/b': '1' })
  for (const path of ['in/a', 'out/b', 'out']) copy.markDirty(path)
  assert.equal((await copy.push()).put, 1)
  copy.markDirty('in')
  await write(root, { 'in/c': '1' })
  assert.equal((await copy.push()).put, 1)
  assert.deepEqual(await contents(namespace), { 'in/a': '1', 'in/c': '1' })
  assert.equal((await files(root))['out/b'], '1')
})
