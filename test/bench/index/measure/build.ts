// Builds a namespace with several processes: one for the big model, two for the others.
import type { Bucket } from '../bucket.ts'
import type { Base } from '../build.ts'
import { sortedModels } from '../data.ts'

export async function build(bucket: Pick<Bucket, 'workers' | 'give'>, base: Base): Promise<void> {
  const [big, ...others] = sortedModels()
  const half = others.length >> 1
  const parts = [big === undefined ? [] : [big], others.slice(0, half), others.slice(half)]
  const built = await Promise.all(
    parts.map(async models => {
      const worker = bucket.workers.take()
      const { shards } = await bucket.give(worker, { kind: 'build part', ...base, models })
      await worker.end()
      return shards
    }),
  )
  const worker = bucket.workers.take()
  await bucket.give(worker, { kind: 'build head', ...base, shards: built.flat() })
  await worker.end()
}
