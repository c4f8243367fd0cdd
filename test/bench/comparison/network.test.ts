import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedBucket } from './network.ts'

const NETWORK = { latencyMs: 10, bytesPerSecond: 1_000_000 }
const bucketWith = (weights: Record<string, number> = {}) =>
  new SimulatedBucket({ objects: new Map(), lastEtag: 'v1', weights: new Map(Object.entries(weights)) }, NETWORK, 1)

test('a put takes the latency and the time that its bytes travel', async () => {
  const bucket = bucketWith()
  await bucket.time.run(async () => void (await bucket.process('p').objects.put('key', Buffer.alloc(5000))))
  assert.equal(bucket.time.elapsed, 15)
})

test('bytes of several requests at once do not wait for one another', async () => {
  const bucket = bucketWith()
  const { objects } = bucket.process('p')
  await bucket.time.run(() => Promise.all(['a', 'b', 'c'].map(key => objects.put(key, Buffer.alloc(5000)))))
  assert.equal(bucket.time.elapsed, 15)
})

test('an index carries the weight of the rows that are not in memory, up and down', async () => {
  const bucket = bucketWith({ index: 1_000_000 })
  const { objects } = bucket.process('p')
  await bucket.time.run(async () => {
    await objects.put('index', Buffer.from('{}'))
    await objects.get('index')
  })
  assert.deepEqual([bucket.traffic.bytesUp, bucket.traffic.bytesDown], [1_000_002, 1_000_002])
})

test('rows that an index gives up in memory still count where it is stored', async () => {
  const bucket = bucketWith({ index: 0 })
  const rows = Buffer.from(JSON.stringify(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`row-${i}`, i]))))
  await bucket.time.run(async () => void (await bucket.process('p').objects.put('index', rows)))
  assert.equal(bucket.storedBytes(), rows.length)
})

test('a listing is billed by its pages', async () => {
  const bucket = bucketWith()
  const { objects } = bucket.process('p')
  await bucket.time.run(async () => {
    for (let i = 0; i < 1001; i++) await objects.put(`key-${i}`, Buffer.of(1))
    for await (const _ of objects.list({ prefix: '' }));
  })
  assert.equal(bucket.traffic.lists, 2)
})
