// What a pull reads of the index, request by request.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { headSchema } from '../../lib/namespace/head.ts'
import { type Meter, metered } from '../../lib/store/metered-store.ts'
import { aBucket, aFolder, type Client, files } from './support.ts'

const ROWS = 3_000
/** What a small change may cost in bytes. */
const SMALL = 128 * 1024
const path = (i: number) => `d${i % 7}/${String(i).padStart(5, '0')}`

/** A namespace whose base was compacted to several shards, and the folder of a process that has pulled it and is gone. */
async function aCompactedBase() {
  const open = aBucket()
  const writer = await open()
  for (let half = 0; half < 2; half++) {
    await writer.namespace.commit(tx => {
      for (let i = half; i < ROWS; i += 2) tx.put(path(i), String(i))
    })
  }
  await writer.namespace.compact()
  const root = aFolder()
  await (await (await open()).namespace.workingCopy(root)).pull()
  return { open, writer, root }
}

/** Pulls as a process does that has just been started, and resolves to what that cost, too. */
async function pullAnew({ open, root }: { open: () => Promise<Client>; root: string }) {
  const { store, requests } = await open()
  const cost: Meter = { requests: 0, bytesUp: 0, bytesDown: 0 }
  const namespace = await store.namespace('n', { assumeExists: true })
  const result = await metered(cost, async () => (await namespace.workingCopy(root)).pull())
  assert.equal(cost.requests, requests.length)
  return { result, requests, bytes: cost.bytesDown }
}

async function headOf({ objects }: Client) {
  const answer = await objects.get('ns/n/_/head')
  assert.equal(answer.status, 'found')
  return headSchema.parse(JSON.parse(Buffer.from(answer.body).toString()))
}

describe('a new process without any cache that pulls', () => {
  test('one small write of somebody else makes one request', async () => {
    const { open, writer, root } = await aCompactedBase()
    const { layers } = await headOf(writer)
    assert.ok((layers[0]?.files?.length ?? 0) >= 3, 'the base has several shards')
    await writer.namespace.put(path(1500), 'changed')
    const { result, requests, bytes } = await pullAnew({ open, root })
    assert.deepEqual([result.written, requests], [1, ['get ns/n/_/head']])
    assert.ok(bytes > 0 && bytes <= SMALL, `${bytes} bytes`)
    assert.equal((await files(root))[path(1500)], 'changed')
  })

  test('one small deletion makes one request', async () => {
    const { open, writer, root } = await aCompactedBase()
    await writer.namespace.delete(path(1500))
    const { result, requests, bytes } = await pullAnew({ open, root })
    assert.deepEqual([result.removed, requests], [1, ['get ns/n/_/head']])
    assert.ok(bytes > 0 && bytes <= SMALL, `${bytes} bytes`)
  })

  test('a small write whose tail was moved to a file meanwhile makes two', async () => {
    const { open, writer, root } = await aCompactedBase()
    await writer.namespace.put(path(1500), 'changed')
    const tail = async () => (await headOf(writer)).layers.flatMap(layer => layer.rows ?? [])
    // Others write on until it no longer lies in the head.
    let others = 0
    while ((await tail()).some(row => row.path === path(1500))) {
      await writer.namespace.put(`others/${String(others++).padStart(3, '0')}`, 'x'.repeat(3_000))
      await writer.namespace.idle()
    }
    const { result, requests, bytes } = await pullAnew({ open, root })
    assert.deepEqual([result.written, requests.length], [1 + others, 2], requests.join())
    assert.ok(bytes > 0 && bytes <= SMALL, `${bytes} bytes`)
  })

  test('many changes reads the files that came since, not those that were merged into them', async () => {
    const { open, writer, root } = await aCompactedBase()
    const filesOf = async () => (await headOf(writer)).layers.flatMap(layer => layer.files ?? [])
    const write = async (round: number) => {
      await writer.namespace.commit(tx => {
        for (let i = round; i < ROWS; i += 50) tx.put(path(i), `round ${round}`)
      })
      await writer.namespace.idle()
    }
    await write(0)
    await (await (await open()).namespace.workingCopy(root)).pull()
    const before = await filesOf()
    let rounds = 0
    while ((await filesOf()).some(file => file.id === before.at(-1)?.id)) await write(++rounds)
    const now = await filesOf()
    const { result, requests } = await pullAnew({ open, root })
    assert.equal(result.written, (rounds * ROWS) / 50)
    const came = now.filter(file => !before.some(({ id }) => id === file.id))
    assert.equal(requests.length, 1 + came.length, requests.join())
  })

  test('a change that a compaction merged reads the shards that were rewritten, and no others', async () => {
    const { open, writer, root } = await aCompactedBase()
    const shards = (await headOf(writer)).layers.flatMap(layer => layer.files ?? [])
    await writer.namespace.put(path(1500), 'changed')
    await writer.namespace.delete(path(1507))
    await writer.namespace.compact()
    const now = (await headOf(writer)).layers.flatMap(layer => layer.files ?? [])
    const rewritten = now.filter(file => !shards.some(({ id }) => id === file.id))
    const dropped = shards.filter(file => !now.some(({ id }) => id === file.id))
    const { result, requests } = await pullAnew({ open, root })
    assert.deepEqual([result.written, result.removed], [1, 1])
    assert.equal(requests.length, 1 + rewritten.length + dropped.length, requests.join())
    assert.ok(rewritten.length < now.length, 'not all shards were rewritten')
  })
})

test('a prefix is told only of the shards that may hold it', async () => {
  const { open, writer } = await aCompactedBase()
  const root = aFolder()
  await (await writer.namespace.workingCopy(root, { prefix: 'd0/' })).pull()
  await writer.namespace.commit(tx => {
    for (let i = 0; i < ROWS; i += 3) if (path(i) > 'd3') tx.put(path(i), `${i} again`)
  })
  const { result, requests } = await pullAnew({ open, root })
  assert.deepEqual([result.written, requests], [0, ['get ns/n/_/head']])
})
