import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFileStore } from '../../lib/store/file/file-store.ts'
import { storeSuite } from './suite.ts'

storeSuite('the file store', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'runlet-file-'))
  const store = await openFileStore(folder)
  return {
    store,
    done: async () => {
      await store.close()
      await rm(folder, { recursive: true })
    },
  }
})
