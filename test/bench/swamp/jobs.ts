// What the measured processes of the swamp benchmark do: each is a swamp command, through the provider as swamp has it. Runs in the
// worker of the index benchmark (index/worker.ts).
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { SyncService } from '../../../lib/integrations/swamp/contract.ts'
import { datastore } from '../../../lib/integrations/swamp/datastore.ts'
import { contentOf } from '../index/data.ts'

export interface SwampCommand {
  readonly parent: string
  /** Where its repository and its cache are. */
  readonly directory: string
}

export type SwampJob =
  /** Nothing: the process is there. The SDK comes with its first request, as it does for a user. */
  | { readonly kind: 'swamp ready' }
  /** Writes one KiB into the cache and pushes it. */
  | ({ readonly kind: 'swamp push'; readonly path: string } & SwampCommand)
  /** All that swamp asks for when it runs a method of a model: locks, a scoped pull, a push in two phases. */
  | ({ readonly kind: 'swamp method'; readonly path: string } & SwampCommand)
  /** Brings the cache up to date, but for content. */
  | ({ readonly kind: 'swamp pull' } & SwampCommand)
  /** What a command that changes nothing asks for. */
  | ({ readonly kind: 'swamp sync' } & SwampCommand)

type Metering = <T>(work: () => Promise<T>) => Promise<T>

/** Resolves to the number of files; each piece of work is metered for itself. */
export async function performSwampJob(url: string, job: SwampJob, meter: Metering): Promise<number> {
  if (job.kind === 'swamp ready') return 0
  const { parent, directory } = job
  const provider = datastore.createProvider({ store: url, parent })
  const cache = join(directory, 'cache')
  const sync = provider.createSyncService(directory, cache)
  if (job.kind === 'swamp pull') return meter(() => sync.pullChanged({ metadataOnly: true }))
  if (job.kind === 'swamp sync') {
    const pulled = await meter(() => sync.pullChanged({ metadataOnly: true }))
    return pulled + (await meter(() => sync.pushChanged()))
  }
  if (job.kind === 'swamp push') {
    await write(sync, cache, job.path)
    return meter(() => sync.pushChanged())
  }
  return meter(() => runMethod(provider, sync, { cache, directory, path: job.path }))
}

type Provider = ReturnType<typeof datastore.createProvider>

/** As swamp's core does it around a method. */
async function runMethod(
  provider: Provider,
  sync: SyncService,
  { cache, directory, path }: { cache: string; directory: string; path: string },
): Promise<number> {
  const [, modelType = '', modelId = ''] = path.split('/')
  const all = provider.createLock(directory) // the global lock
  const model = provider.createLock(directory, { lockKey: `data/${modelType}/${modelId}/.lock` })
  await all.inspect()
  await model.acquire()
  try {
    await all.inspect()
    await sync.pullChanged({ context: { models: [{ modelType, modelId }] }, metadataOnly: true })
    await write(sync, cache, path)
    const manifest = await sync.preparePush()
    return await all.withLock(() => sync.commitPush(manifest))
  } finally {
    await model.release()
  }
}

async function write(sync: SyncService, cache: string, relPath: string): Promise<void> {
  await sync.markDirty({ relPath })
  await mkdir(dirname(join(cache, relPath)), { recursive: true })
  await writeFile(join(cache, relPath), contentOf(relPath))
}
