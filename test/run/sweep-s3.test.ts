// What a sweep finds only on S3: uploads in parts that nobody will finish.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CreateMultipartUploadCommand, S3Client, UploadPartCommand } from '@aws-sdk/client-s3'
import { openStore } from '../../lib/runlet.ts'
import { type S3Server, startS3Server, useTestCredentials } from '../support/s3-server.ts'

describe('a sweep of a bucket', () => {
  let server: S3Server
  let client: S3Client
  before(async () => {
    useTestCredentials()
    server = await startS3Server()
    client = new S3Client({ endpoint: server.endpoint, region: 'us-east-1', forcePathStyle: true })
  })
  after(async () => {
    client.destroy()
    await server.close()
  })

  test('aborts the uploads that nobody finishes, once no commit could refer to them, and leaves younger ones', async () => {
    const store = await openStore(server.url('bucket', 'pipelines'))
    const parent = await store.namespace('p', { create: true })
    await parent.put('a', '1')
    const Key = 'pipelines/ns/p/_/values/0loyw51re-gnvn8dfdhgy72yav'
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: 'bucket', Key }))
    await client.send(new UploadPartCommand({ Bucket: 'bucket', Key, UploadId, PartNumber: 1, Body: 'a value' }))
    assert.deepEqual((await store.sweep()).removed.byKind.uploads, undefined)
    assert.deepEqual(server.unfinishedUploads('bucket'), [Key])
    server.age('bucket', /values/, 25 * 3_600_000)
    assert.deepEqual((await store.sweep({ dryRun: true })).removed.byKind.uploads, { objects: 1, bytes: 7 })
    assert.deepEqual(server.unfinishedUploads('bucket'), [Key])
    assert.deepEqual((await store.sweep()).removed.byKind.uploads, { objects: 1, bytes: 7 })
    assert.deepEqual(server.unfinishedUploads('bucket'), [])
    await store.close()
  })
})
