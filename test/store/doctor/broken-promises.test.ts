// Of a store that breaks one promise the doctor names just that promise, says what that means, and what to do. Here the promises that a
// wrapper about a memory store can break; broken-s3.slow.test.ts has those that travel.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Ambient } from '../../../lib/ambient.ts'
import { AccessDeniedError, PreconditionFailed, StoreError } from '../../../lib/errors.ts'
import type { Etag } from '../../../lib/names.ts'
import { withEtagStyle } from '../../../lib/store/doctor/conditions.ts'
import { examine } from '../../../lib/store/doctor.ts'
import { type MemoryBucket, MemoryStore } from '../../../lib/store/memory/memory-store.ts'
import type { ListEntry } from '../../../lib/store/object-store.ts'
import { checkOf, examineWith, failed, sleepless } from './support.ts'

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
        await setImmediate()
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

  test('that ignores If-Match that commits are lost, though its reads take turns and nobody meets by chance', async () => {
    const report = await examineWith(good => {
      let turn: Promise<unknown> = Promise.resolve()
      return {
        get: (key, options) => {
          const answer = turn.then(() => setImmediate()).then(() => good.get(key, options))
          turn = answer
          return answer
        },
        put: (key, body, options) =>
          good.put(key, body, options?.condition && 'ifMatch' in options.condition ? {} : options),
      }
    })
    assert.deepEqual(failed(report), ['compare and swap', 'swap race'])
    assert.match(checkOf(report, 'swap race').detail, /^7 of 32 acknowledged increments were lost/)
  })

  test('that lets two swaps at once pass that it loses the race', async () => {
    const report = await examineWith(good => ({
      put: async (key, body, options) => {
        const { condition } = options ?? {}
        if (!condition || !('ifMatch' in condition)) return good.put(key, body, options)
        const seen = await good.get(key)
        await setImmediate()
        if (seen.status !== 'found' || seen.etag !== condition.ifMatch) throw new PreconditionFailed(key)
        return good.put(key, body)
      },
    }))
    assert.deepEqual(failed(report), ['swap race'])
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
    // A wrapper has no uploads that could be refused.
    assert.deepEqual(
      report.checks.filter(({ ok }) => ok).map(({ name }) => name),
      ['unfinished uploads'],
    )
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
    assert.deepEqual(failed(report), ["the store's clock and ours", 'age of an object'])
    assert.match(checkOf(report, "the store's clock and ours").detail, /^ours is 600 s behind; so the times/)
    let time = 0
    const slow: Ambient = { ...sleepless, monotonic: () => (time += 700) }
    assert.deepEqual(failed(await examine(new MemoryStore(), slow)), ['round trip', 'write rate to one key'])
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
