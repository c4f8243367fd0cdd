// A swamp command as a process of its own: writes one file to a cache of its own, and pushes it when it is told to.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { datastore } from '../../lib/integrations/swamp/datastore.ts'
import { done, jobOf, say, told } from './worker.ts'

export interface SwampPushJob {
  readonly store: string
  readonly cache: string
  readonly relPath: string
  readonly content: string
}

const { store, cache, relPath, content } = jobOf<SwampPushJob>()
const provider = datastore.createProvider({ store })
const sync = provider.createSyncService(cache, cache)
const go = told('push')
await sync.markDirty({ relPath })
await mkdir(dirname(join(cache, relPath)), { recursive: true })
await writeFile(join(cache, relPath), content)
await say('ready')
await go
await say('pushed', { files: await sync.pushChanged() })
done()
