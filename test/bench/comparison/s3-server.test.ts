// The bandwidth of the S3 test server. Only ever that it takes no less: how much more is up to the machine.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { systemAmbient } from '../../../lib/ambient.ts'
import type { ObjectStore } from '../../../lib/store/object-store.ts'
import { openObjectStore } from '../../../lib/store/open.ts'
import { type S3Server, startS3Server, useTestCredentials } from '../../support/s3-server.ts'

const BODY = Buffer.alloc(1_000_000)
const BYTES_PER_SECOND = 10_000_000
/** A timer may come a millisecond early. */
const LEAST_MS = 98

let server: S3Server
let objects: ObjectStore
before(async () => {
  useTestCredentials()
  server = await startS3Server({ bytesPerSecond: BYTES_PER_SECOND })
  objects = await openObjectStore(server.url('bucket'), systemAmbient, { folder: '.' })
})
after(async () => {
  await objects.close()
  await server.close()
})

const lastTook = () => {
  const { startedAt = 0, endedAt = 0 } = server.requests.at(-1) ?? {}
  return endedAt - startedAt
}

test('a body takes its time on the way up', async () => {
  await objects.put('up', BODY)
  assert.ok(lastTook() >= LEAST_MS)
})

test('a body takes its time on the way down', async () => {
  server.put('bucket', 'down', BODY)
  await objects.get('down')
  assert.ok(lastTook() >= LEAST_MS)
})
