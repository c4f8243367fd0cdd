// However an examination ends, nothing of it is left in the store: not after a signal in the midst of it, not after a doctor that was
// killed, not while requests are still under way. What cannot be removed is named.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { AccessDeniedError } from '../../../lib/errors.ts'
import { type DoctorReport, examine } from '../../../lib/store/doctor.ts'
import { MemoryBucket, MemoryStore } from '../../../lib/store/memory/memory-store.ts'
import { openS3Store, type S3Store } from '../../../lib/store/s3/s3-store.ts'
import { type S3Server, startS3Server, useTestCredentials } from '../../support/s3-server.ts'
import { aStoreWith, assertHealthy, checkOf, examineFromThreads, hurried, keysIn, sleepless } from './support.ts'

/** Examines until the check `name` is settled, and stops it then. */
async function stoppedAfter(name: string, bucket: MemoryBucket): Promise<DoctorReport> {
  const stop = new AbortController()
  const onProgress = (line: string) => {
    if (line.includes(` ${name}: `)) stop.abort('enough')
  }
  return examine(new MemoryStore({ bucket }), sleepless, { onProgress, signal: stop.signal })
}

describe('an examination that is stopped', () => {
  test('tries nothing more, removes what it wrote, and calls the store fit on no account', async () => {
    for (const name of ['reachable', 'create race', 'list order and paging', 'write rate to one key']) {
      const bucket = new MemoryBucket()
      const report = await stoppedAfter(name, bucket)
      assert.equal(bucket.objects.size, 0, name)
      assert.equal(report.ok, false)
      assert.equal(checkOf(report, 'clean-up').ok, true)
      assert.match(checkOf(report, 'examination').detail, /stopped before its end/)
    }
  })

  test('begins its clean-up when nothing is under way any more', async () => {
    const stop = new AbortController()
    const bucket = new MemoryBucket()
    const good = new MemoryStore({ bucket })
    let late = 0
    const store = aStoreWith(() => ({
      put: async (key, body, options) => {
        if (key.includes('create-race')) {
          stop.abort('enough')
          await new Promise(resolve => setTimeout(resolve, 50))
          late++
        }
        return good.put(key, body, options)
      },
      get: (key, options) => good.get(key, options),
      delete: keys => good.delete(keys),
      list: options => good.list(options),
    }))
    await examine(store, sleepless, { signal: stop.signal })
    assert.ok(late > 0)
    assert.equal(bucket.objects.size, 0)
  })
})

describe('on S3', () => {
  useTestCredentials()
  let server: S3Server
  let store: S3Store
  before(async () => {
    server = await startS3Server()
    store = await openS3Store(server.url('bucket', 'some/prefix'))
  })
  after(() => Promise.all([store.close(), server.close()]))

  test('an examination that is stopped while threads race leaves nothing', async () => {
    const stop = new AbortController()
    const timer = setInterval(() => {
      if (server.requests.some(({ key }) => key.endsWith('/swap-race'))) stop.abort('enough')
    }, 5)
    const report = await examineFromThreads(store.url, { signal: stop.signal })
    clearInterval(timer)
    assert.equal(checkOf(report, 'examination').ok, false)
    assert.deepEqual([...server.objects('bucket').keys()], [])
    assert.deepEqual(server.unfinishedUploads('bucket'), [])
  })

  test('what a doctor left that was killed goes when it is an hour old, unfinished uploads too', async () => {
    server.reset({ objects: true })
    const [hours, minutes] = [2 * 3600_000, 20 * 60_000]
    await store.put('doctor/of-hours-ago/swap', new Uint8Array([1]))
    await store.put('doctor/at-work/swap', new Uint8Array([1]))
    await store.put('ns/a/_/head', new Uint8Array([1]))
    server.age('bucket', /of-hours-ago|ns/, hours)
    server.age('bucket', /at-work/, minutes)
    for (const key of ['of-hours-ago/s', 'of-hours-ago/t', 'of-hours-ago/u', 'at-work/s']) {
      await fetch(`${server.endpoint}/bucket/some/prefix/doctor/${key}?uploads`, { method: 'POST' })
    }
    server.age('bucket', /of-hours-ago/, hours)
    const report = await examine(store, hurried)
    assertHealthy(report)
    assert.match(checkOf(report, 'clean-up').detail, /, and 1 that an earlier doctor left$/)
    assert.deepEqual(await keysIn(store), ['doctor/at-work/swap', 'ns/a/_/head'])
    assert.deepEqual(server.unfinishedUploads('bucket'), ['some/prefix/doctor/at-work/s'])
  })
})

test('what cannot be removed is named, and where it is', async () => {
  const store = aStoreWith(good => ({
    delete: async keys => {
      const stuck = keys.find(key => key.endsWith('/etags'))
      await good.delete(keys.filter(key => key !== stuck))
      if (stuck) throw new AccessDeniedError('delete', stuck, 'AccessDenied (403)')
    },
  }))
  const { ok, detail, remedy } = checkOf(await examine(store, sleepless), 'clean-up')
  assert.equal(ok, false)
  assert.match(detail, /^not deleted: doctor\/\w{16}\/etags \(store: delete .* was refused/)
  assert.match(remedy ?? '', /^Delete what lies below "doctor\/\w{16}\/" in the store$/)
})
