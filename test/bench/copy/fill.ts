// Fills the namespace that the benchmark of working copies pulls: many small files in a few large commits. Run as a program with the
// store's URL and the number of files.
import { fileURLToPath } from 'node:url'
import { openStore } from '../../../lib/index.ts'

export const FILES_A_FOLDER = 100
const FILES_A_COMMIT = 65_536

export const pathOf = (i: number): string =>
  `data/${String(Math.floor(i / FILES_A_FOLDER)).padStart(5, '0')}/result-${String(i).padStart(7, '0')}.json`

async function fill(url: string, files: number): Promise<void> {
  const store = await openStore(url)
  const namespace = await store.namespace('n', { create: true })
  for (let from = 0; from < files; from += FILES_A_COMMIT) {
    await namespace.commit(tx => {
      for (let i = from; i < Math.min(from + FILES_A_COMMIT, files); i++) {
        tx.put(pathOf(i), `{"result":${i}}`.padEnd(200))
      }
    })
  }
  await store.close()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await fill(process.argv[2] ?? '', Number(process.argv[3]))
