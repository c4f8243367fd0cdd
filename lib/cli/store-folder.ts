// The folder of a file store, from the URL that the opened store has: for what is said about where it lies.
import { realpath } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** The real path of the store's folder; undefined for a store that is no folder here. */
export async function storeFolder(url: string): Promise<string | undefined> {
  if (!url.startsWith('file:')) return undefined
  return realpath(decodeURIComponent(url.slice('file:'.length)))
}
