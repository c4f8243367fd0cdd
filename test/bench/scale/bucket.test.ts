// The bucket that the scale benchmark measures on answers as S3 servers do.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bucket, PAGE_SIZE } from './bucket.ts'

const body = new Uint8Array([1])
const now = 0

test('a put whose condition does not hold changes nothing', () => {
  const bucket = new Bucket()
  assert.equal(bucket.put('a', body, { now, condition: { ifMatch: 'v1' } }).status, 'no such key')
  const first = bucket.put('a', body, { now, condition: 'if absent' })
  assert.equal(bucket.put('a', body, { now, condition: 'if absent' }).status, 'precondition failed')
  assert.equal(bucket.put('a', body, { now, condition: { ifMatch: 'other' } }).status, 'precondition failed')
  assert.deepEqual(first, { status: 'stored', etag: bucket.get('a')?.etag })
})

test('a key takes its next write a second after the last one that stood, and other keys at once', () => {
  const bucket = new Bucket({ writesASecond: 1 })
  bucket.put('a', body, { now: 0 })
  assert.equal(bucket.put('a', body, { now: 999 }).status, 'slow down')
  assert.equal(bucket.put('b', body, { now: 999 }).status, 'stored')
  assert.equal(bucket.put('a', body, { now: 1000, condition: 'if absent' }).status, 'precondition failed')
  assert.equal(bucket.put('a', body, { now: 1000 }).status, 'stored')
})

test('a listing comes in pages, in byte order across folders', () => {
  const bucket = new Bucket()
  const keys = [
    'n/a',
    'n/a/x',
    'n/a-b',
    ...Array.from({ length: PAGE_SIZE }, (_, i) => `n/b/${String(i).padStart(4, '0')}`),
  ]
  for (const key of keys) bucket.put(key, body, { now })
  const first = bucket.list({ prefix: 'n/', after: '' })
  const second = bucket.list({ prefix: 'n/', after: first.next ?? '' })
  assert.equal(first.objects.length, PAGE_SIZE)
  assert.equal(second.next, undefined)
  assert.deepEqual(
    [...first.objects, ...second.objects].map(([key]) => key),
    keys.toSorted(),
  )
})

test('with a delimiter a listing tells of folders that hold something', () => {
  const bucket = new Bucket()
  for (const key of ['n/a/x', 'n/b/y/z', 'n/c']) bucket.put(key, body, { now })
  bucket.delete('n/a/x')
  const page = bucket.list({ prefix: 'n/', delimiter: '/', after: '' })
  assert.deepEqual(page.prefixes, ['n/b/'])
  assert.deepEqual(
    page.objects.map(([key]) => key),
    ['n/c'],
  )
})
