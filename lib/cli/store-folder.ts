// The folder of a file store, from the URL that the opened store has: for what is said about where it lies.
import { realpath } from 'node:fs/promises'

/** The real path of the store's folder; undefined for a store that is no folder on this machine. */
export async function storeFolder(url: string): Promise<string | undefined> {
  if (!url.startsWith('file:')) return undefined
  try {
    return await realpath(decodeURIComponent(url.slice('file:'.length)))
  } catch {
    return undefined // nothing that the user asked for depends on it
  }
}
