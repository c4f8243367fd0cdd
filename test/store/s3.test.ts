// The S3 store against the S3 test server, through the real AWS SDK: the shared suite, and the promises that only S3 can break
// (lost answers, throttling, ragged pages, quotes).
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, beforeEach, describe, test } from 'node:test'
import { type Ambient, systemAmbient } from '../../lib/ambient.ts'
import {
  AbortedError,
  AccessDeniedError,
  AmbiguousWrite,
  PreconditionFailed,
  StoreError,
  ThrottledError,
} from '../../lib/errors.ts'
import type { Etag } from '../../lib/names.ts'
import type { ListOptions } from '../../lib/store/object-store.ts'
import { openS3Store, type S3Store } from '../../lib/store/s3/s3-store.ts'
import { type FaultRule, type S3Server, startS3Server, useTestCredentials } from '../support/s3-server.ts'
import { storeSuite } from './suite.ts'

useTestCredentials()

const bytes = (text: string) => new TextEncoder().encode(text)
const ifAbsent = { condition: { ifNoneMatch: '*' } } as const
const ifStill = (etag: Etag) => ({ condition: { ifMatch: etag } })

/** The real surroundings, but sleeping takes no time and is noted. */
function sleepless(): Ambient & { slept: number[] } {
  const slept: number[] = []
  return { ...systemAmbient, slept, sleep: async ms => void slept.push(ms) }
}

async function keysOf(store: S3Store, options: ListOptions): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list(options)) keys.push(key)
  return keys
}

async function contentOf(store: S3Store, key: string): Promise<string | undefined> {
  const answer = await store.get(key)
  return answer.status === 'found' ? new TextDecoder().decode(answer.body) : undefined
}

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

describe('on S3', () => {
  let server: S3Server
  let store: S3Store
  const ambient = sleepless()
  before(async () => {
    server = await startS3Server()
    store = await openS3Store(server.url('bucket', 'some/prefix'), { ambient })
  })
  beforeEach(() => {
    server.reset({ objects: true })
    ambient.slept.length = 0
  })
  after(async () => {
    await store.close()
    await server.close()
  })
  const puts = () => server.requests.filter(({ method }) => method === 'PUT')

  describe('a conditional put', () => {
    const unclear: Array<[string, FaultRule['action'], stands: string | undefined]> = [
      ['was lost before it had an effect', 'drop-before', undefined],
      ['had its effect and lost its answer', 'drop-after', 'mine'],
      ['was answered 500 before it had an effect', { status: 500, code: 'InternalError' }, undefined],
      ['was answered 500 after it had its effect', { status: 500, code: 'InternalError', when: 'after' }, 'mine'],
      ['was answered 503 by something in between', { status: 503, code: 'ServiceUnavailable' }, undefined],
    ]
    for (const [what, action, stands] of unclear) {
      test(`that ${what} is ambiguous and never sent again`, async () => {
        server.fault({ method: 'PUT', action })
        await assert.rejects(store.put('head', bytes('mine'), ifAbsent), AmbiguousWrite)
        assert.equal(puts().length, 1)
        assert.equal(await contentOf(store, 'head'), stands)
      })
    }

    test('that lost its answer is no lost race for a swap either', async () => {
      const { etag } = await store.put('head', bytes('old'), ifAbsent)
      server.fault({ method: 'PUT', action: 'drop-after' })
      await assert.rejects(store.put('head', bytes('mine'), ifStill(etag)), AmbiguousWrite)
      assert.equal(await contentOf(store, 'head'), 'mine')
    })

    for (const code of ['ConditionalRequestConflict', 'OperationAborted']) {
      test(`that is answered 409 ${code} lost its race`, async () => {
        server.fault({ method: 'PUT', action: { status: 409, code } })
        await assert.rejects(store.put('head', bytes('mine'), ifAbsent), PreconditionFailed)
        assert.equal(puts().length, 1)
      })
    }

    test('of a version of an object that is gone lost its race', async () => {
      const { etag } = await store.put('head', bytes('old'), ifAbsent)
      await store.delete(['head'])
      await assert.rejects(store.put('head', bytes('new'), ifStill(etag)), PreconditionFailed)
    })

    test('that is throttled waits longer each time and then succeeds', async () => {
      server.fault({ method: 'PUT', action: 'throttle', count: 3 })
      await store.put('head', bytes('mine'), ifAbsent)
      assert.equal(puts().length, 4)
      assert.ok(
        ambient.slept.every((ms, index) => ms >= 50 * 2 ** index && ms < 100 * 2 ** index),
        String(ambient.slept),
      )
    })

    test('that is throttled for too long says so', async () => {
      server.fault({ method: 'PUT', action: 'throttle', count: 100 })
      await assert.rejects(store.put('head', bytes('mine'), ifAbsent), ThrottledError)
      assert.equal(await contentOf(store, 'head'), undefined)
    })

    test('is tried again when only the clock of this machine was wrong', async () => {
      server.fault({ method: 'PUT', action: { status: 403, code: 'RequestTimeTooSkewed' } })
      await store.put('head', bytes('mine'), ifAbsent)
    })

    test('that is aborted on its way is ambiguous', async () => {
      server.fault({ method: 'PUT', action: { delayMs: 5_000 } })
      const signal = AbortSignal.timeout(50)
      await assert.rejects(store.put('head', bytes('mine'), { ...ifAbsent, signal }), AmbiguousWrite)
    })

    test('that is aborted before it is sent is not sent', async () => {
      const signal = AbortSignal.abort('enough')
      const put = store.put('head', bytes('mine'), { ...ifAbsent, signal })
      await assert.rejects(put, { constructor: AbortedError, cause: 'enough' })
      assert.equal(server.requests.length, 0)
    })

    test('sends an ETag back without quotes, unless the URL says otherwise', async () => {
      const { etag } = await store.put('head', bytes('1'))
      const quoting = await openS3Store(`${server.url('bucket', 'some/prefix')}&etag=quoted`)
      const second = await store.put('head', bytes('2'), ifStill(etag))
      await quoting.put('head', bytes('3'), ifStill(second.etag))
      await quoting.close()
      assert.match(etag, /^[0-9a-f]{32}$/)
      const [, plain, quoted] = puts().map(({ condition }) => condition.ifMatch)
      assert.deepEqual([plain, quoted], [etag, `"${second.etag}"`])
    })
  })

  describe('an unconditional put', () => {
    test('is repeated until it is answered', async () => {
      server.fault({ method: 'PUT', action: 'drop-after' })
      server.fault({ method: 'PUT', action: { status: 500, code: 'InternalError' } })
      await store.put('values/1', bytes('mine'))
      assert.equal(puts().length, 3)
    })

    test('of a stream goes up in parts of bounded size', async () => {
      const megabyte = new Uint8Array(1 << 20).fill(7)
      await store.put('values/1', repeat(megabyte, 20))
      const answer = await store.get('values/1')
      assert.equal(answer.status === 'found' && answer.body.length, 20 << 20)
      assert.ok(puts().every(({ bytesUp }) => bytesUp <= 8 << 20))
    })

    test('of a stream that fails leaves nothing and throws the error of the stream', async () => {
      const broken = async function* () {
        yield new Uint8Array(9 << 20)
        throw new RangeError('mine')
      }
      await assert.rejects(store.put('values/1', broken()), { constructor: RangeError, message: 'mine' })
      assert.deepEqual(await keysOf(store, { prefix: '' }), [])
      assert.deepEqual(server.unfinishedUploads('bucket'), [])
    })

    test('of a stream that is aborted leaves nothing', async () => {
      const controller = new AbortController()
      const endless = async function* () {
        yield new Uint8Array(9 << 20)
        controller.abort('enough')
        yield new Uint8Array(9 << 20)
      }
      const put = store.put('values/1', endless(), { signal: controller.signal })
      await assert.rejects(put, { constructor: AbortedError, cause: 'enough' })
      assert.deepEqual(await keysOf(store, { prefix: '' }), [])
      assert.deepEqual(server.unfinishedUploads('bucket'), [])
    })

    test('of a stream that the store refuses a part of leaves nothing', async () => {
      server.fault({ method: 'PUT', action: { status: 403, code: 'AccessDenied' } })
      await assert.rejects(store.put('values/1', repeat(new Uint8Array(1 << 20), 20)), AccessDeniedError)
      assert.deepEqual(server.unfinishedUploads('bucket'), [])
    })

    test('of a stream that says nothing any more ends when it is aborted, and when a part of it is refused', async () => {
      const silent = async function* () {
        for (let i = 0; i < 3; i++) yield new Uint8Array(9 << 20)
        await new Promise(() => undefined)
      }
      const put = store.put('values/1', silent(), { signal: AbortSignal.timeout(300) })
      await assert.rejects(put, { constructor: AbortedError })
      server.fault({ method: 'PUT', action: { status: 403, code: 'AccessDenied' } })
      await assert.rejects(store.put('values/1', silent()), AccessDeniedError)
      assert.deepEqual(server.unfinishedUploads('bucket'), [])
    })

    for (const action of ['drop-before', 'drop-after', 'cut-short'] as const) {
      test(`of a stream whose upload is begun twice (${action}) leaves no upload`, async () => {
        server.fault({ method: 'POST', action })
        await store.put('values/1', repeat(new Uint8Array(1 << 20), 20))
        assert.deepEqual(server.unfinishedUploads('bucket'), [])
      })

      test(`of a stream whose upload is completed twice (${action}) is done`, async () => {
        server.fault({ method: 'POST', skip: 1, action })
        const { etag } = await store.put('values/1', repeat(new Uint8Array(1 << 20), 20))
        const answer = await store.get('values/1')
        assert.ok(answer.status === 'found' && answer.body.length === 20 << 20)
        assert.equal(answer.etag, etag)
      })
    }

    test('of a stream that cannot even be begun leaves nothing', async () => {
      server.fault({ method: 'POST', action: 'drop-after', count: 5 })
      await assert.rejects(store.put('values/1', repeat(new Uint8Array(1 << 20), 20)), StoreError)
      assert.deepEqual(server.unfinishedUploads('bucket'), [])
    })
  })

  describe('a read', () => {
    test('tells the time of the store, with and without a body', async () => {
      const { etag } = await store.put('head', bytes('1'))
      const [found, unchanged] = [await store.get('head'), await store.get('head', { ifNoneMatch: etag })]
      assert.ok(found.status === 'found' && unchanged.status === 'unchanged')
      for (const { serverTime } of [found, unchanged]) assert.ok(Math.abs(Date.now() - serverTime) < 10_000)
    })

    test('of an unchanged object moves no body', async () => {
      const { etag } = await store.put('head', bytes('1'))
      await store.get('head', { ifNoneMatch: etag })
      assert.deepEqual([server.requests.at(-1)?.status, server.requests.at(-1)?.bytesDown], [304, 0])
    })

    test('whose answer breaks off is repeated', async () => {
      await store.put('values/1', bytes('a long value'))
      server.fault({ method: 'GET', action: 'cut-short' })
      assert.equal(await contentOf(store, 'values/1'), 'a long value')
    })

    test('is repeated when it is dropped or throttled', async () => {
      await store.put('values/1', bytes('a'))
      server.fault({ method: 'GET', action: 'drop-before' })
      server.fault({ method: 'GET', action: { status: 500, code: 'InternalError' } })
      assert.equal(await contentOf(store, 'values/1'), 'a')
    })

    test('that is aborted ends at once', async () => {
      server.fault({ method: 'GET', action: { delayMs: 5_000 } })
      const get = store.get('head', { signal: AbortSignal.timeout(50) })
      await assert.rejects(get, AbortedError)
    })

    test('that is refused says what to check', async () => {
      server.fault({ method: 'GET', action: { status: 403, code: 'AccessDenied' } })
      await assert.rejects(store.get('head'), { constructor: AccessDeniedError, key: 'head', message: /s3:ListBucket/ })
    })
  })

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

async function* repeat(chunk: Uint8Array, times: number): AsyncGenerator<Uint8Array> {
  for (let count = 0; count < times; count++) yield chunk
}

/** What a script prints that runs in a process of its own, where `openS3Store` and a `url` on the server are at hand. */
function runWithStore(server: S3Server, script: string, env = process.env): string {
  const preamble = `import { createRequire } from 'node:module'
    import { openS3Store } from './lib/store/s3/s3-store.ts'
    const url = ${JSON.stringify(server.url('bucket'))}`
  const args = ['--import', 'tsx', '--input-type=module', '-e', `${preamble}\n${script}`]
  const { stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
  return stdout || stderr
}
