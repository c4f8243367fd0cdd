// A prepared push that nobody publishes: a sweep takes its values for orphans, and who comes too late with it must prepare it again.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import { StaleWriteError } from '../../lib/errors.ts'
import { openStore } from '../../lib/runlet.ts'
import { type S3Server, startS3Server, useTestCredentials } from '../support/s3-server.ts'
import { contents } from '../support/world.ts'
import { aFolder, write } from './support.ts'

const HOUR_MS = 3_600_000

let server: S3Server
before(async () => {
  useTestCredentials()
  server = await startS3Server()
})
after(() => server.close())

test('a prepared push that is never published is swept, and too late it is refused', async () => {
  let aheadMs = 0
  const ambient = {
    ...systemAmbient,
    now: () => systemAmbient.now() + aheadMs,
    monotonic: () => systemAmbient.monotonic() + aheadMs,
  }
  const later = (hours: number) => {
    aheadMs += hours * HOUR_MS
    server.advance(hours * HOUR_MS)
  }
  const store = await openStore(server.url('bucket'), { ambient })
  const namespace = await store.namespace('n', { create: true })
  await namespace.put('a', '1')
  const root = aFolder()
  const copy = await namespace.workingCopy(root)
  await copy.pull()
  const values = () => [...server.objects('bucket').keys()].filter(key => key.includes('/values/')).length

  await write(root, { large: 'x'.repeat(10_000) })
  const prepared = await copy.prepare()
  assert.equal(values(), 1)
  await store.sweep()
  for (let sweeps = 0; sweeps < 4; sweeps++) {
    later(13)
    await store.sweep()
  }
  assert.equal(values(), 0)
  assert.deepEqual(await contents(namespace), { a: '1' })
  await assert.rejects(copy.publish(prepared), StaleWriteError)
  assert.equal((await copy.push({ narrow: true })).put, 1)
  assert.deepEqual(await contents(namespace), { a: '1', large: 'x'.repeat(10_000) })
  await copy.dispose()
  await store.close()
})
