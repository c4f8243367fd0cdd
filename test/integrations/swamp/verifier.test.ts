// What the verifier finds on stores that refuse, lie or say nothing.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { systemAmbient } from '../../../lib/ambient.ts'
import { parseSettings } from '../../../lib/integrations/swamp/config.ts'
import { datastore } from '../../../lib/integrations/swamp/datastore.ts'
import { Places } from '../../../lib/integrations/swamp/places.ts'
import { Verifier } from '../../../lib/integrations/swamp/verifier.ts'
import { openStore } from '../../../lib/runlet.ts'
import { openObjectStore } from '../../../lib/store/open.ts'
import { type S3Server, startS3Server, useTestCredentials } from '../../support/s3-server.ts'

useTestCredentials()

describe('the verifier', () => {
  let server: S3Server
  before(async () => {
    server = await startS3Server()
  })
  after(() => server.close())

  const verify = (store: string) => datastore.createProvider({ store }).createVerifier().verify()

  /** A store that has the namespace. */
  async function aStore(prefix: string): Promise<string> {
    const url = server.url('verify', prefix)
    const store = await openStore(url)
    await store.namespace('swamp', { create: true })
    await store.close()
    return url
  }

  test('asks two things of a healthy store', async () => {
    const url = await aStore('healthy')
    server.reset()
    const { healthy, details } = await verify(url)
    assert.deepEqual([healthy, details.store], [true, url])
    assert.deepEqual(
      server.requests.map(({ method }) => method),
      ['GET', 'PUT'],
    )
  })

  test('tells of credentials that the store does not take', async () => {
    const url = await aStore('refused')
    server.fault({ count: 10, action: { status: 403, code: 'InvalidAccessKeyId' } })
    const { healthy, message, details } = await verify(url)
    server.reset()
    assert.deepEqual([healthy, details.code], [false, 'ERR_RUNLET_ACCESS_DENIED'])
    assert.match(message, /access key/)
  })

  test('tells of credentials that may only read', async () => {
    const url = await aStore('read-only')
    server.fault({ method: 'PUT', count: 10, action: { status: 403, code: 'AccessDenied' } })
    const { healthy, message } = await verify(url)
    server.reset()
    assert.equal(healthy, false)
    assert.match(message, /refused.*AccessDenied/)
  })

  test('tells of a head that cannot be one', async () => {
    const url = await aStore('broken')
    const objects = await openObjectStore(url, systemAmbient, { folder: '/' })
    await objects.put('ns/swamp/_/head', Buffer.from('{"format":1}'))
    await objects.close()
    const { healthy, details } = await verify(url)
    assert.deepEqual([healthy, details.code], [false, 'ERR_RUNLET_CORRUPT_OBJECT'])
  })

  test('waits no longer than it says for a store that says nothing', async () => {
    const silent = createServer()
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const store = `s3://bucket?endpoint=http://127.0.0.1:${port}`
    const { healthy, message, latencyMs } = await new Verifier(new Impatient(parseSettings({ store }, {}))).verify()
    silent.close()
    assert.equal(healthy, false)
    assert.match(message, /15 s/)
    assert.ok(latencyMs < 10_000, String(latencyMs))
  })
})

/** Its clock runs thirty times as fast while it waits. */
class Impatient extends Places {
  override readonly ambient = {
    ...systemAmbient,
    sleep: (ms: number, options?: object) => systemAmbient.sleep(ms / 30, options),
  }
}
