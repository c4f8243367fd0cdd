// The S3 store against the S3 test server, through the real AWS SDK: the shared suite, and the promises that only S3 can break. Those of
// puts and reads are in s3/.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, beforeEach, describe, test } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import { AccessDeniedError, StoreError } from '../../lib/errors.ts'
import { openS3Store } from '../../lib/store/s3/s3-store.ts'
import { type S3Server, startS3Server } from '../support/s3-server.ts'
import { aStoreOnS3, bytes, ifAbsent, keysOf } from './s3/support.ts'
import { storeSuite } from './suite.ts'

describe('closing a store on S3', () => {
  test('ends a request that is not answered, and does not ask again', async () => {
    const server = await startS3Server()
    server.fault({ method: 'GET', count: 99, action: { delayMs: 600_000 } })
    const store = await openS3Store(server.url('bucket'))
    const asked = assert.rejects(store.get('a'), StoreError)
    while (server.requests.length === 0) await systemAmbient.sleep(5)
    await store.close()
    await asked
    assert.equal(server.requests.length, 1)
    await server.close()
  })
})

describe('on S3 with a clock that is ten minutes behind', () => {
  test('what is not there, or has not changed, is asked for once', async () => {
    const server = await startS3Server()
    server.advance(600_000)
    const store = await openS3Store(server.url('bucket'))
    try {
      const { etag } = await store.put('a', bytes('text'))
      server.reset()
      assert.equal((await store.get('b')).status, 'missing')
      assert.equal((await store.get('a', { ifNoneMatch: etag })).status, 'unchanged')
      assert.equal(server.requests.length, 2)
    } finally {
      await Promise.all([store.close(), server.close()])
    }
  })
})

storeSuite('the S3 store', openOnTestServer, { etags: 'content' })

/** Its listings come in short and empty pages, the hardest that a store may do. */
async function openOnTestServer() {
  const server = await startS3Server({ pageSize: 40, raggedPages: true })
  const store = await openS3Store(server.url('bucket', 'some/prefix'))
  return { store, done: async () => void (await Promise.all([store.close(), server.close()])) }
}

const { close, forget, server, store } = await aStoreOnS3()

describe('on S3', () => {
  beforeEach(forget)
  after(close)

  test('a bucket that does not exist is named, with how to make it', async () => {
    const other = await openS3Store(server.url('bucket').replace('bucket', 'nobody'))
    const absent = { constructor: StoreError, message: /bucket "nobody" does not exist; make it first.*aws s3 mb/ }
    await assert.rejects(other.get('head'), absent)
    await assert.rejects(other.put('head', bytes('1'), ifAbsent), absent)
    await assert.rejects(keysOf(other, { prefix: '' }), absent)
    await other.close()
  })

  test('a store that cannot be reached is named, and a conditional put to it is not ambiguous', async () => {
    const nowhere = await openS3Store('s3://bucket?endpoint=http://127.0.0.1:1')
    const unreachable = { constructor: StoreError, message: /http:\/\/127\.0\.0\.1:1 cannot be reached/ }
    await assert.rejects(nowhere.put('head', bytes('1'), ifAbsent), unreachable)
    await nowhere.close()
  })

  test('absent credentials are reported as such', () => {
    const { AWS_ACCESS_KEY_ID, ...env } = process.env
    const script = `await (await openS3Store(url)).get('head').catch(error => console.log(error.code, error.message))`
    assert.match(runWithStore(server, script, env), /^ERR_RUNLET_ACCESS_DENIED .*no credentials were found/)
  })

  test('the AWS SDK is not loaded before a store is opened', () => {
    const script = `const loaded = () => Object.keys(createRequire('/').cache).some(file => file.includes('client-s3'))
      console.log(loaded())
      await openS3Store(url)
      console.log(loaded())`
    assert.equal(runWithStore(server, script), 'false\ntrue\n')
  })

  test('a store sees nothing outside its prefix, not even a prefix that begins alike', async () => {
    const whole = await openS3Store(server.url('bucket'))
    const alike = await openS3Store(server.url('bucket', 'some/prefix2'))
    await store.put('a/1', bytes('inside'))
    await alike.put('a/1', bytes('alike'))
    await whole.put('a/1', bytes('outside'))
    assert.deepEqual(await keysOf(store, { prefix: '' }), ['a/1'])
    assert.deepEqual(await keysOf(store, { prefix: '', delimiter: '/' }), ['a/'])
    await store.delete(['a/1'])
    assert.deepEqual(await keysOf(whole, { prefix: '' }), ['a/1', 'some/prefix2/a/1'])
    await Promise.all([whole.close(), alike.close()])
  })

  test('a batch of deletes that is refused as a whole is deleted key by key', async () => {
    const keys = Array.from({ length: 40 }, (_, index) => `k${index}`)
    await Promise.all(keys.map(key => store.put(key, bytes(key))))
    server.fault({ method: 'POST', action: { status: 403, code: 'AccessDenied' } })
    await store.delete([...keys, 'missing'])
    assert.deepEqual(await keysOf(store, { prefix: '' }), [])
    server.fault({ method: 'POST', action: { status: 403, code: 'AccessDenied' } })
    server.fault({ method: 'DELETE', key: /k1$/, action: { status: 403, code: 'AccessDenied' } })
    const isAboutTheKey = (error: unknown) => error instanceof AccessDeniedError && error.key === 'k1'
    await assert.rejects(store.delete(['k0', 'k1']), isAboutTheKey)
  })

  test('one delete is a request of its own kind, also of a key that a store misses', async () => {
    server.fault({ method: 'DELETE', action: { status: 404, code: 'NoSuchKey' } })
    await store.delete(['missing'])
    assert.deepEqual(
      server.requests.map(({ method, key }) => `${method} ${key}`),
      ['DELETE some/prefix/missing'],
    )
  })

  test('a thousand deletes are one request', async () => {
    await store.delete(Array.from({ length: 2001 }, (_, index) => `values/${index}`))
    assert.deepEqual(
      server.requests.map(({ operation }) => operation),
      ['delete', 'delete', 'delete'],
    )
  })
})

test('a listing goes on through short and empty pages', async () => {
  const server = await startS3Server({ pageSize: 4, raggedPages: true })
  const store = await openS3Store(server.url('bucket', 'p'))
  const keys = Array.from({ length: 10 }, (_, index) => `a/${index}`)
  await Promise.all([...keys, 'b/1', 'c'].map(key => store.put(key, bytes(key))))
  assert.deepEqual(await keysOf(store, { prefix: '' }), [...keys, 'b/1', 'c'])
  assert.deepEqual(await keysOf(store, { prefix: '', delimiter: '/' }), ['a/', 'b/', 'c'])
  assert.deepEqual(await keysOf(store, { prefix: 'a/', startAfter: 'a/7' }), ['a/8', 'a/9'])
  await Promise.all([store.close(), server.close()])
})

/** What a script prints that runs in a process of its own, where `openS3Store` and a `url` on the server are at hand. */
function runWithStore(server: S3Server, script: string, env = process.env): string {
  const preamble = `import { createRequire } from 'node:module'
    import { openS3Store } from './lib/store/s3/s3-store.ts'
    const url = ${JSON.stringify(server.url('bucket'))}`
  const args = ['--import', 'tsx', '--input-type=module', '-e', `${preamble}\n${script}`]
  const { stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
  return stdout || stderr
}
