// Parents to measure on: namespaces that hold so many rows already.
import type { Namespace } from '../../lib/runlet.ts'

const ROWS_A_COMMIT = 10_000

/** A value of one KiB, not of one letter. */
export const kibibyte = (seed: number): string => `${seed} `.repeat(1024).slice(0, 1024)

/** Fills a namespace with small rows. */
export async function fill(namespace: Namespace, rows: number): Promise<void> {
  for (let start = 0; start < rows; start += ROWS_A_COMMIT) {
    await namespace.commit(tx => {
      const end = Math.min(start + ROWS_A_COMMIT, rows)
      for (let row = start; row < end; row++) tx.put(rowPath(row), `{"row":${row}}`)
    })
  }
  await namespace.idle()
}

export const rowPath = (row: number): string =>
  `data/${String(Math.floor(row / 1000)).padStart(4, '0')}/${String(row).padStart(7, '0')}.json`
