// The sync service on a file store.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeSyncService } from './conformance.ts'

describeSyncService('a file store', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'runlet-swamp-store-'))
  let stores = 0
  return {
    freshUrl: () => `file:${join(folder, String(++stores))}`,
    close: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  }
})
