// Where stories are told: a prefix of its own in a bucket, the store behind a fault proxy, and the same store without one.
import assert from 'node:assert/strict'
import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3'
import { openStore, type Store } from '../../lib/runlet.ts'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'

/** A bucket to work in. */
export interface Bucket {
  readonly endpoint: string
  readonly name: string
}

export interface Stage {
  readonly proxy: FaultProxy
  /** Everything that it asks goes through the proxy. */
  readonly troubled: Store
  readonly clean: Store
  close(): Promise<void>
}

/** `timeoutMs`: how long the troubled store's client waits on a silent connection. */
export async function openStage(
  { endpoint, name }: Bucket,
  { prefix, timeoutMs }: { prefix: string; timeoutMs: number },
): Promise<Stage> {
  const proxy = await startFaultProxy({ upstream: endpoint })
  const urlAt = (at: string) => `s3://${name}/${prefix}?endpoint=${at}&region=us-east-1&pathStyle=true`
  const [troubled, clean] = await Promise.all([
    openStore(`${urlAt(proxy.endpoint)}&timeoutMs=${timeoutMs}`),
    openStore(urlAt(endpoint)),
  ])
  return {
    proxy,
    troubled,
    clean,
    close: async () => {
      await Promise.all([troubled.close(), clean.close()])
      await proxy.close()
    },
  }
}

/** Nobody completes or aborts these any more, and the bucket's owner pays for them. */
export async function assertNoUnfinishedUploads({ endpoint, name }: Bucket, prefix: string): Promise<void> {
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true })
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: name, Prefix: `${prefix}/` }))
  client.destroy()
  assert.deepEqual(
    Uploads.map(({ Key }) => Key),
    [],
    'unfinished multipart uploads',
  )
}
