// The doctor against an S3 server that breaks its promises one by one, through the real SDK: each is found out, and only that. Races
// are run from threads, each with connections of its own.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { systemAmbient } from '../../../lib/ambient.ts'
import { type DoctorReport, examine } from '../../../lib/store/doctor.ts'
import { openS3Store, type S3Store } from '../../../lib/store/s3/s3-store.ts'
import { type Broken, type S3Server, startS3Server, useTestCredentials } from '../../support/s3-server.ts'
import { checkOf, examineFromThreads, failed, hurried, open } from './support.ts'

useTestCredentials()
let server: S3Server
let store: S3Store
before(async () => {
  server = await startS3Server({ pageSize: 20 })
  store = await openS3Store(server.url('bucket', 'some/prefix'))
})
afterEach(() => server.reset({ objects: true }))
after(() => Promise.all([store.close(), server.close()]))

/** Examined in one thread, and without waiting. */
async function examined(broken: Broken): Promise<DoctorReport> {
  server.breakPromises(broken)
  return examine(store, hurried)
}

/** Examined as `store.doctor()` does it. */
async function examinedFromThreads(broken: Broken): Promise<DoctorReport> {
  server.breakPromises(broken)
  return examineFromThreads(store.url)
}

const speed = new Set(['round trip', 'write rate to one key'])
const failedButSpeed = (report: DoctorReport) => failed(report).filter(name => !speed.has(name))

describe('the doctor finds out that an S3 store', () => {
  test('ignores all conditions on puts', async () => {
    const report = await examinedFromThreads({ ignores: ['if-none-match', 'if-match'] })
    assert.equal(report.ok, false)
    assert.deepEqual(failedButSpeed(report), ['create if absent', 'compare and swap', 'create race', 'swap race'])
    assert.match(checkOf(report, 'create if absent').detail, /ignores If-None-Match/)
    assert.match(checkOf(report, 'compare and swap').detail, /ignores If-Match/)
    for (const name of failedButSpeed(report)) assert.ok(checkOf(report, name).remedy, name)
  })

  test('looks at a condition some milliseconds before it writes', async () => {
    const report = await examinedFromThreads({ gapMs: 5 })
    assert.equal(report.ok, false)
    assert.deepEqual(failedButSpeed(report), ['create race', 'swap race'])
    assert.match(checkOf(report, 'create race').detail, /of 16 creates at once \d+ were acknowledged/)
    assert.match(checkOf(report, 'swap race').detail, /\d+ of \d+ acknowledged increments were lost/)
  })

  test('compares ETags with their quotes, and names the URL that sends them so', async () => {
    const report = await examinedFromThreads({ etags: 'quoted-only' })
    assert.equal(report.ok, false)
    assert.ok(failed(report).includes('compare and swap'))
    const { detail, remedy = '' } = checkOf(report, 'compare and swap')
    assert.match(detail, /the store wants the etag with its quotes/)
    const quoting = await openS3Store(/s3:\S+/.exec(remedy)?.[0] ?? assert.fail(remedy))
    assert.deepEqual(failedButSpeed(await examine(quoting, hurried)), [])
    await quoting.close()
  })

  test('has no compare-and-swap at all, with quotes or without', async () => {
    server.fault({
      method: 'PUT',
      key: /\/swap$/,
      skip: 2,
      count: 1000,
      action: { status: 412, code: 'PreconditionFailed' },
    })
    const report = await examine(store, hurried, { open })
    const { detail, remedy } = checkOf(report, 'compare and swap')
    assert.match(detail, /412|refused/)
    assert.ok(remedy)
    assert.equal(report.ok, false)
  })

  test('answers reads from the past', async () => {
    const report = await examined({ staleReads: true })
    assert.equal(report.ok, false)
    for (const name of ['read after write', 'read after delete']) assert.ok(failed(report).includes(name), name)
    assert.match(checkOf(report, 'read after write').detail, /so a reader can miss commits/)
  })

  test('answers listings from the past', async () => {
    const report = await examined({ staleLists: true })
    assert.equal(report.ok, false)
    for (const name of ['list after write', 'list after delete']) assert.ok(failed(report).includes(name), name)
  })

  test('ends listings before their end', async () => {
    const report = await examined({ listsOnly: 20 })
    assert.deepEqual(failedButSpeed(report), ['list order and paging'])
    assert.match(checkOf(report, 'list order and paging').detail, /a listing lacks 28 of 48 keys/)
  })

  test('calls every object unchanged', async () => {
    assert.deepEqual(failedButSpeed(await examined({ conditionalGet: 'always-304' })), ['conditional get, changed'])
  })

  test('never says that an object is unchanged, which only costs more', async () => {
    const report = await examined({ conditionalGet: 'never-304' })
    assert.deepEqual(failedButSpeed(report), ['conditional get, unchanged'])
    assert.equal(report.ok, true)
  })

  test('acknowledges deletes and does not do them, and names what is left', async () => {
    const report = await examined({ keepsDeleted: true })
    assert.equal(report.ok, false)
    for (const name of ['delete', 'read after delete', 'list after delete', 'clean-up']) {
      assert.ok(failed(report).includes(name), name)
    }
    const { detail, remedy } = checkOf(report, 'clean-up')
    assert.match(detail, /^not deleted: doctor\/\w{16}\/\S+, doctor\/\S+, doctor\/\S+ and \d+ more \(though that was/)
    assert.match(remedy ?? '', /^Delete what lies below "doctor\/\w{16}\/" in the store$/)
  })

  test('has a clock far from ours', async () => {
    const report = await examined({ dateOffMs: 600_000, lastModifiedOffMs: 600_000 })
    assert.equal(report.ok, true)
    assert.deepEqual(failedButSpeed(report), ["the store's clock and ours"])
    assert.match(checkOf(report, "the store's clock and ours").detail, /^ours is (599|600|601) s behind/)
  })

  test('dates objects by another clock than its answers', async () => {
    const report = await examined({ lastModifiedOffMs: -40_000 })
    assert.equal(report.ok, true)
    assert.deepEqual(failedButSpeed(report), ['age of an object'])
    assert.match(checkOf(report, 'age of an object').detail, /called 4\d s old; so a lease can seem to be run out/)
  })

  test('dates an object by its first version for ever', async () => {
    server.breakPromises({ lastModifiedOfFirst: true })
    assert.deepEqual(failedButSpeed(await examine(store, systemAmbient)), ['age of an object'])
  })

  test('takes few writes a second to one key, and still examines it in bounded time', async () => {
    const startedAt = performance.now()
    const report = await examined({ writesPerSecond: 3 })
    assert.deepEqual(failedButSpeed(report), [])
    assert.ok(failed(report).includes('write rate to one key'))
    assert.ok((checkOf(report, 'write rate to one key').figures?.swapsPerSecond ?? 9) < 2)
    assert.ok(performance.now() - startedAt < 60_000)
    assert.equal(report.ok, true)
  })
})

describe('the doctor names the right that is missing when', () => {
  const RIGHTS = {
    get: ['get', /s3:GetObject/],
    put: ['put', /s3:PutObject/],
    delete: ['delete', /s3:DeleteObject/],
    list: ['list', /s3:ListBucket/],
    upload: ['put', /s3:PutObject/],
  } as const
  for (const [right, [operation, action]] of Object.entries(RIGHTS)) {
    test(`it is "${right}"`, async () => {
      const report = await examined({ forbids: [right as keyof typeof RIGHTS] })
      assert.equal(report.ok, false)
      const { detail, remedy } = checkOf(report, 'permissions')
      assert.match(detail, new RegExp(`\\b${operation}\\b.* refused: `))
      assert.match(remedy ?? '', action)
      assert.match(remedy ?? '', /for s3:\/\/bucket\/some\/prefix\S* in the user's or the bucket's policy/)
    })
  }

  test('it is to abort uploads, or to list them, which is no more than advice', async () => {
    const aborting = await examined({ forbids: ['abort'] })
    assert.deepEqual(failedButSpeed(aborting), ['unfinished uploads'])
    assert.match(checkOf(aborting, 'unfinished uploads').remedy ?? '', /Allow s3:AbortMultipartUpload.*lifecycle rule/)
    assert.equal(aborting.ok, true)
    server.reset({ objects: true })
    const listing = await examined({ forbids: ['uploads'] })
    assert.match(checkOf(listing, 'unfinished uploads').remedy ?? '', /Allow s3:ListBucketMultipartUploads/)
  })
})

test('the doctor says that a bucket does not exist', async () => {
  const missing = await openS3Store(server.url('bucket').replace('s3://bucket', 's3://no-such-bucket'))
  const report = await examine(missing, systemAmbient)
  await missing.close()
  assert.deepEqual(failed(report), ['reachable'])
  assert.match(checkOf(report, 'reachable').detail, /bucket "no-such-bucket" does not exist/)
})
