// The doctor passes healthy stores and leaves nothing behind; of a store that breaks one promise it names just that promise,
// says what that means, and what to do.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Ambient, systemAmbient } from '../../lib/ambient.ts'
import { AccessDeniedError, PreconditionFailed, StoreError } from '../../lib/errors.ts'
import type { Etag } from '../../lib/names.ts'
import { withEtagStyle } from '../../lib/store/doctor/conditions.ts'
import { type Check, type DoctorReport, examine } from '../../lib/store/doctor.ts'
import { openFileStore } from '../../lib/store/file/file-store.ts'
import { MemoryBucket, MemoryStore } from '../../lib/store/memory/memory-store.ts'
import type { ListEntry, ObjectStore } from '../../lib/store/object-store.ts'
import { openS3Store, type S3Store } from '../../lib/store/s3/s3-store.ts'
import { type S3Server, startS3Server, useTestCredentials } from '../support/s3-server.ts'

/** The real surroundings, but sleeping takes no time. */
const sleepless: Ambient = { ...systemAmbient, sleep: async () => {} }

const failed = (report: DoctorReport): string[] => report.checks.filter(check => !check.ok).map(check => check.name)

function checkOf(report: DoctorReport, name: string): Check {
  const check = report.checks.find(one => one.name === name)
  assert.ok(check, `there is no check "${name}"`)
  return check
}

async function keysIn(store: ObjectStore): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list({ prefix: '' })) keys.push(key)
  return keys
}

/** A memory store that breaks a promise: its own methods, as given, over those of a good one. */
function aStoreWith(make: (good: MemoryStore, bucket: MemoryBucket) => Partial<ObjectStore>): ObjectStore {
  const bucket = new MemoryBucket()
  const good = new MemoryStore({ bucket })
  const store: ObjectStore = {
    url: 's3://bucket/prefix?region=eu-west-1',
    kind: 's3',
    get: (key, options) => good.get(key, options),
    put: (key, body, options) => good.put(key, body, options),
    delete: keys => good.delete(keys),
    list: options => good.list(options),
    close: () => good.close(),
  }
  return Object.assign(store, make(good, bucket))
}

async function examineWith(make: Parameters<typeof aStoreWith>[0]): Promise<DoctorReport> {
  return examine(aStoreWith(make), sleepless)
}

/** How long a round trip takes is the machine's affair. */
function assertHealthy(report: DoctorReport): void {
  assert.deepEqual(
    failed(report).filter(name => name !== 'round trip'),
    [],
  )
  assert.equal(report.ok, true)
  assert.ok(report.checks.length >= 19)
}

describe('the doctor finds nothing wrong with', () => {
  test('a memory store, and leaves it empty', async () => {
    const store = new MemoryStore()
    assertHealthy(await examine(store, systemAmbient))
    assert.deepEqual(await keysIn(store), [])
  })

  test('a file store, and leaves it empty', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'runlet-doctor-'))
    try {
      const store = await openFileStore(folder)
      assertHealthy(await examine(store, systemAmbient))
      assert.deepEqual(await keysIn(store), [])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('a store in use, and touches nothing in it', async () => {
    const bucket = new MemoryBucket()
    const store = new MemoryStore({ bucket })
    await store.put('ns/a/_/head', new Uint8Array([1]))
    const before = new Map(bucket.objects)
    assertHealthy(await examine(store, systemAmbient))
    assert.deepEqual(bucket.objects, before)
  })

  test('a store, telling of each check as it is settled', async () => {
    const lines: string[] = []
    const report = await examine(new MemoryStore(), systemAmbient, { onProgress: line => lines.push(line) })
    assert.deepEqual(
      lines,
      report.checks.map(({ name, ok, detail }) => `${ok ? 'ok' : 'advice'} ${name}: ${detail}`),
    )
  })
})

describe('the doctor says of a store', () => {
  test('that ignores If-None-Match that two can create the same', async () => {
    const report = await examineWith(good => ({
      put: (key, body, options) =>
        good.put(key, body, options?.condition && 'ifNoneMatch' in options.condition ? {} : options),
    }))
    assert.equal(report.ok, false)
    assert.deepEqual(failed(report), ['create if absent', 'create race'])
    const check = checkOf(report, 'create if absent')
    assert.match(check.detail, /ignores If-None-Match on a put; so two writers can both believe/)
    assert.match(check.remedy ?? '', /Upgrade the store.*use another one/)
  })

  test('whose creates look first and write then that it loses races', async () => {
    const report = await examineWith(good => ({
      put: async (key, body, options) => {
        const { condition } = options ?? {}
        if (!condition || !('ifNoneMatch' in condition)) return good.put(key, body, options)
        const isThere = (await good.get(key)).status === 'found'
        await new Promise(resolve => setImmediate(resolve))
        if (isThere) throw new PreconditionFailed(key)
        return good.put(key, body)
      },
    }))
    assert.deepEqual(failed(report), ['create race'])
    assert.match(checkOf(report, 'create race').detail, /of 16 creates at once \d+ were acknowledged/)
  })

  test('that ignores If-Match that commits are lost', async () => {
    const report = await examineWith(good => ({
      put: (key, body, options) =>
        good.put(key, body, options?.condition && 'ifMatch' in options.condition ? {} : options),
    }))
    assert.equal(report.ok, false)
    assert.deepEqual(failed(report), ['compare and swap', 'swap race'])
    assert.match(checkOf(report, 'compare and swap').detail, /ignores If-Match/)
    assert.match(checkOf(report, 'swap race').detail, /of 32 acknowledged increments were lost/)
    for (const name of failed(report)) assert.ok(checkOf(report, name).remedy)
  })

  test('that lets two swaps at once pass that it loses the race', async () => {
    const report = await examineWith(good => ({
      put: async (key, body, options) => {
        const { condition } = options ?? {}
        if (!condition || !('ifMatch' in condition)) return good.put(key, body, options)
        const seen = await good.get(key)
        await new Promise(resolve => setImmediate(resolve))
        if (seen.status !== 'found' || seen.etag !== condition.ifMatch) throw new PreconditionFailed(key)
        return good.put(key, body)
      },
    }))
    assert.deepEqual(failed(report), ['swap race'])
  })

  test('that wants etags in quotes how to open it', async () => {
    // The client sends etags plainly, so none is ever the one that the store compares with.
    const asCompared = (etag: Etag) => (/^".*"$/.test(etag) ? etag.slice(1, -1) : `unequal to ${etag}`) as Etag
    const report = await examineWith(good => ({
      get: (key, options) =>
        good.get(key, options?.ifNoneMatch ? { ...options, ifNoneMatch: asCompared(options.ifNoneMatch) } : options),
      put: (key, body, options) => {
        const { condition } = options ?? {}
        if (!condition || !('ifMatch' in condition)) return good.put(key, body, options)
        return good.put(key, body, { condition: { ifMatch: asCompared(condition.ifMatch) } })
      },
    }))
    assert.equal(report.ok, false)
    assert.deepEqual(failed(report), ['compare and swap', 'swap race', 'conditional get, unchanged'])
    const check = checkOf(report, 'compare and swap')
    assert.match(check.detail, /the store wants the etag with its quotes/)
    assert.match(check.remedy ?? '', /Open the store as s3:\/\/bucket\/prefix\?region=eu-west-1&etag=quoted and try/)
    assert.match(checkOf(report, 'conditional get, unchanged').remedy ?? '', /etag=quoted/)
  })

  test('that wants etags without the quotes that its URL asks for how to open it', async () => {
    const report = await examineWith(good => ({
      url: 's3://bucket?etag=quoted&region=eu-west-1',
      put: (key, body, options) => {
        if (options?.condition && 'ifMatch' in options.condition) throw new PreconditionFailed(key)
        return good.put(key, body, options)
      },
    }))
    const check = checkOf(report, 'compare and swap')
    assert.match(check.detail, /without its quotes/)
    assert.match(check.remedy ?? '', /Open the store as s3:\/\/bucket\?region=eu-west-1&etag=plain and/)
  })

  test('whose etags do not change that updates go unnoticed', async () => {
    const report = await examineWith(good => ({
      get: async (key, options) => {
        const answer = await good.get(key, { range: options?.range })
        return answer.status === 'found' ? { ...answer, etag: 'same' as Etag } : answer
      },
      put: async (key, body) => {
        await good.put(key, body)
        return { etag: 'same' as Etag }
      },
    }))
    assert.ok(failed(report).includes('etags'))
    assert.match(checkOf(report, 'etags').detail, /kept its etag; so a version cannot be told/)
  })

  test('that calls everything unchanged that newer commits are never seen', async () => {
    const report = await examineWith(good => ({
      get: async (key, options) =>
        options?.ifNoneMatch ? { status: 'unchanged', serverTime: Date.now() } : good.get(key, options),
    }))
    assert.equal(report.ok, false)
    assert.deepEqual(failed(report), ['conditional get, changed'])
    assert.ok(checkOf(report, 'conditional get, changed').remedy)
  })

  test('that never says unchanged only that it costs more', async () => {
    const report = await examineWith(good => ({ get: (key, options) => good.get(key, { range: options?.range }) }))
    assert.equal(report.ok, true)
    assert.deepEqual(failed(report), ['conditional get, unchanged'])
  })

  test('with stale reads that commits are missed', async () => {
    const report = await examineWith(good => {
      const before = new Map<string, Awaited<ReturnType<MemoryStore['get']>>>()
      return {
        get: async (key, options) => before.get(key) ?? good.get(key, options),
        put: async (key, body, options) => {
          const answer = await good.get(key)
          const put = await good.put(key, body, options)
          if (key.endsWith('/read')) before.set(key, answer)
          return put
        },
        delete: async keys => {
          for (const key of keys) if (key.includes('gone')) before.set(key, await good.get(key))
          await good.delete(keys)
        },
      }
    })
    assert.deepEqual(failed(report), ['read after write', 'read after delete'])
  })

  test('that ignores byte ranges that packs cannot be read', async () => {
    const report = await examineWith(good => ({
      get: (key, options) => good.get(key, { ifNoneMatch: options?.ifNoneMatch }),
    }))
    assert.ok(failed(report).includes('byte range'))
    assert.match(checkOf(report, 'byte range').detail, /bytes 2 to 5 of "0123456789" were answered as "0123456789"/)
  })

  test('with stale listings that commits are overlooked and runs stay open', async () => {
    const report = await examineWith(good => {
      const before = new Map<string, ListEntry[]>()
      return {
        async *list(options) {
          const stale = before.get(options.prefix) ?? []
          const now: ListEntry[] = []
          for await (const entry of good.list(options)) now.push(entry)
          before.set(options.prefix, now)
          yield* /listed\/$/.test(options.prefix) ? stale : now
        },
      }
    })
    assert.equal(report.ok, false)
    assert.deepEqual(failed(report), ['list after write', 'list after delete'])
    for (const name of failed(report)) assert.ok(checkOf(report, name).remedy)
  })

  test('whose listings end after a page, or are in another order, or ignore a start, what they lack', async () => {
    const listing = async (change: (entries: ListEntry[]) => ListEntry[]) => {
      const report = await examineWith(good => ({
        async *list(options) {
          const all: ListEntry[] = []
          for await (const entry of good.list(options)) all.push(entry)
          yield* options.prefix.includes('many') ? change(all) : all
        },
      }))
      assert.deepEqual(failed(report), ['list order and paging'])
      return checkOf(report, 'list order and paging').detail
    }
    assert.match(await listing(all => all.slice(0, 20)), /a listing lacks 28 of 48 keys/)
    assert.match(await listing(all => all.toReversed()), /a listing is not in byte order/)
    assert.match(await listing(all => [...all, ...all.slice(0, 1)]), /a listing shows a key twice/)
    const ignoring = await examineWith(good => ({
      list: ({ prefix, delimiter }) => good.list({ prefix, delimiter }),
    }))
    assert.match(
      checkOf(ignoring, 'list order and paging').detail,
      /a listing after a key shows \d+ keys that were not/,
    )
  })

  test('that refuses deletes which permission is missing, and where the objects are that are left', async () => {
    const report = await examineWith(() => ({
      delete: async keys => {
        throw new AccessDeniedError('delete', keys[0] ?? '', 'AccessDenied (403)')
      },
    }))
    assert.equal(report.ok, false)
    for (const name of ['delete', 'clean-up', 'permissions']) assert.ok(failed(report).includes(name), name)
    assert.match(checkOf(report, 'permissions').detail, /^delete was refused: /)
    assert.match(checkOf(report, 'permissions').remedy ?? '', /Allow s3:DeleteObject for s3:\/\/bucket\/prefix/)
    assert.match(checkOf(report, 'clean-up').remedy ?? '', /Delete what lies below "doctor\/[a-z0-9]{16}\/"/)
  })

  test('that refuses everything all permissions, and goes on to the end', async () => {
    const refuse = (operation: string, key: string) => new AccessDeniedError(operation, key, 'AccessDenied (403)')
    const report = await examineWith(() => ({
      get: async key => Promise.reject(refuse('get', key)),
      put: async (key, _body, options) => Promise.reject(refuse(options?.condition ? 'swap' : 'put', key)),
      delete: async keys => Promise.reject(refuse('delete', keys[0] ?? '')),
      // biome-ignore lint/correctness/useYield: it is refused before the first entry
      async *list({ prefix }) {
        throw refuse('list', prefix)
      },
    }))
    assert.equal(failed(report).length, report.checks.length)
    const remedy = checkOf(report, 'permissions').remedy ?? ''
    for (const action of ['GetObject', 'PutObject', 'ListBucket', 'DeleteObject']) assert.match(remedy, RegExp(action))
  })

  test('that does not know the credentials just that', async () => {
    const cause = Object.assign(new Error('no'), { name: 'InvalidAccessKeyId' })
    const report = await examineWith(() => ({
      get: async key =>
        Promise.reject(new AccessDeniedError('get', key, 'the store does not know this key', { cause })),
    }))
    assert.deepEqual(failed(report), ['reachable', 'permissions'])
    assert.match(checkOf(report, 'permissions').remedy ?? '', /Correct the credentials/)
  })

  test('that does not answer just that', async () => {
    const report = await examineWith(() => ({
      get: async key => Promise.reject(new StoreError('get', key, 'connection refused')),
    }))
    assert.equal(report.ok, false)
    assert.deepEqual(failed(report), ['reachable'])
    assert.match(checkOf(report, 'reachable').detail, /connection refused.*; so nothing else could be tried/)
  })

  test('that throws what it should not that this is a bug, and still cleans up', async () => {
    let bucketAtEnd: MemoryBucket | undefined
    const report = await examineWith((good, bucket) => {
      bucketAtEnd = bucket
      return {
        put: async (key, body, options) => {
          if (key.includes('range')) throw new TypeError('x is not a function')
          return good.put(key, body, options)
        },
      }
    })
    assert.deepEqual(failed(report), ['byte range'])
    assert.match(checkOf(report, 'byte range').detail, /x is not a function/)
    assert.match(checkOf(report, 'byte range').remedy ?? '', /Report this/)
    assert.equal(bucketAtEnd?.objects.size, 0)
  })

  test('whose clock is far off that times mislead, and of a slow one that commits are', async () => {
    const report = await examineWith(good => ({
      get: async (key, options) => {
        const answer = await good.get(key, options)
        if (answer.status !== 'found') return answer
        return { ...answer, serverTime: answer.serverTime + 600_000, lastModified: answer.lastModified + 500_000 }
      },
    }))
    assert.equal(report.ok, true)
    assert.deepEqual(failed(report), ["the store's clock and ours", "the store's clocks"])
    assert.match(checkOf(report, "the store's clock and ours").detail, /clock is 600 s behind the store's/)
    let time = 0
    const slow: Ambient = { ...sleepless, monotonic: () => (time += 700) }
    assert.deepEqual(failed(await examine(new MemoryStore(), slow)), ['round trip'])
  })
})

test('an etag style is put into a URL, or changed in it', () => {
  assert.equal(withEtagStyle('s3://b/p', 'quoted'), 's3://b/p?etag=quoted')
  assert.equal(withEtagStyle('s3://b?region=x', 'quoted'), 's3://b?region=x&etag=quoted')
  assert.equal(withEtagStyle('s3://b?etag=quoted', 'plain'), 's3://b?etag=plain')
  assert.equal(withEtagStyle('s3://b?etag=quoted&region=x', 'plain'), 's3://b?region=x&etag=plain')
  assert.equal(
    withEtagStyle('s3://b?region=x&etag=quoted&pathStyle=true', 'plain'),
    's3://b?region=x&pathStyle=true&etag=plain',
  )
})

describe('on S3 the doctor', () => {
  useTestCredentials()
  let server: S3Server
  let store: S3Store
  before(async () => {
    server = await startS3Server({ pageSize: 10, raggedPages: true })
    store = await openS3Store(server.url('bucket', 'some/prefix'))
  })
  after(() => Promise.all([store.close(), server.close()]))

  test('finds nothing wrong with a store whose pages are ragged, and leaves it empty', async () => {
    assertHealthy(await examine(store, systemAmbient))
    assert.equal(server.objects('bucket').size, 0)
  })

  test('names the permission that a 403 says is missing', async () => {
    server.fault({ method: 'POST', action: { status: 403, code: 'AccessDenied' }, count: 1000 })
    const report = await examine(store, systemAmbient)
    server.reset({ objects: true })
    assert.match(checkOf(report, 'permissions').remedy ?? '', /s3:DeleteObject/)
    assert.equal(report.ok, false)
  })

  test('says that a bucket does not exist', async () => {
    const missing = await openS3Store(server.url('bucket').replace('s3://bucket', 's3://no-such-bucket'))
    const report = await examine(missing, systemAmbient)
    await missing.close()
    assert.deepEqual(failed(report), ['reachable'])
    assert.match(checkOf(report, 'reachable').detail, /bucket "no-such-bucket" does not exist/)
  })

  test('takes a lost answer for no lost race', async () => {
    server.fault({ method: 'PUT', key: /race/, action: 'drop-after', skip: 3, count: 12 })
    assertHealthy(await examine(store, systemAmbient))
    server.reset({ objects: true })
  })
})
