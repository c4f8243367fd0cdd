// What comes after `store.close()`, for each kind of store.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { StoreClosedError } from '../../lib/errors.ts'
import { openStore } from '../../lib/runlet.ts'
import { startS3Server, useTestCredentials } from '../support/s3-server.ts'

useTestCredentials()
const root = await mkdtemp(join(tmpdir(), 'runlet-closed-'))
after(() => rm(root, { recursive: true, force: true }))
let folders = 0
const urlOfAFolder = () => `file:${join(root, String(++folders))}`

describe('a store that was closed', () => {
  test('asks nothing more of S3, though a run was not given back', async () => {
    const server = await startS3Server()
    const store = await openStore(server.url('bucket'))
    const parent = await store.namespace('main', { create: true })
    const run = await parent.fork('forgotten', { ttlMs: 1000 })
    await store.close()
    const asked = server.requests.length
    await new Promise(resolve => run.signal.addEventListener('abort', resolve, { once: true }))
    assert.equal(server.requests.length, asked)
    await server.close()
  })

  test('in a folder keeps no run that was not given back', async () => {
    const url = urlOfAFolder()
    const store = await openStore(url)
    await (await store.namespace('main', { create: true })).fork('forgotten', { ttlMs: 1000 })
    await store.close()
    const other = await openStore(url)
    const run = await (await other.namespace('main')).resume('forgotten', { ttlMs: 60_000 }).catch(async () => {
      // Renewed for ever, it would never be had.
      await new Promise(resolve => setTimeout(resolve, 3_500))
      return (await other.namespace('main')).resume('forgotten', { ttlMs: 60_000 })
    })
    await run.fold()
    await other.close()
  })

  test('waits for the upkeep of a run that was not given back', async () => {
    const url = urlOfAFolder()
    const store = await openStore(url)
    const run = await (await store.namespace('main', { create: true })).fork('forgotten')
    // Each a layer with a file; with the eighth a merge is worth it.
    for (let commit = 0; commit < 8; commit++)
      await run.commit(tx => {
        for (let i = 0; i < 500; i++) tx.put(`row/${commit}/${i}`, 'x')
      })
    await store.close()
    const other = await openStore(url)
    const locks = await (await other.namespace('main/forgotten')).locks()
    await other.close()
    const compaction = locks.find(({ name }) => name === 'compact')
    assert.ok(compaction)
    assert.equal(compaction.holder, undefined)
  })

  for (const [kind, urlOf] of [
    ['in memory', () => 'memory:'],
    ['in a folder', urlOfAFolder],
  ] as const) {
    test(`${kind} refuses what is asked of it, and closes twice`, async () => {
      const store = await openStore(urlOf())
      const namespace = await store.namespace('main', { create: true })
      await namespace.put('a', '1')
      await store.close()
      const list = async () => {
        for await (const _ of namespace.list());
      }
      for (const ask of [
        () => namespace.put('a', '2'),
        () => namespace.get('a'),
        () => namespace.fork('r'),
        () => store.namespace('other', { create: true }),
        list,
      ])
        await assert.rejects(ask, StoreClosedError)
      await store.close()
    })
  }
})
