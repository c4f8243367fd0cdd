// The index in one file, written as it is made: it may be a hundred megabytes. And the end of the index in parts, which swamp would go on
// believing in.
import { PreconditionFailed } from '../../../errors.ts'
import { type Datastore, INDEX, META } from '../import/datastore.ts'
import type { Inventory } from '../import/inventory.ts'
import type { Taken } from '../import/take-inventory.ts'

const CHUNK_BYTES = 256 * 1024
const MOST_KEYS = 1000

/** @throws PreconditionFailed when somebody else wrote the index since the inventory */
export async function writeIndex(
  { store, root }: Datastore,
  next: Inventory,
  { taken, signal }: { taken: Pick<Taken, 'index' | 'etag'>; signal?: AbortSignal | undefined },
): Promise<void> {
  const key = root + (taken.index === 'sharded' ? META : INDEX)
  const now = await store.get(key, { range: { start: 0, end: 0 } })
  if ((now.status === 'found' ? now.etag : undefined) !== taken.etag) throw new PreconditionFailed(key)
  await store.put(root + INDEX, textOf(next), { signal })
}

async function* textOf(next: Inventory): AsyncGenerator<Uint8Array> {
  let text = `{"version":1,"lastPulled":${JSON.stringify(new Date(latestOf(next)).toISOString())},"entries":{`
  let separator = '\n'
  for (const { path, size, at, sha256 } of next.files()) {
    const entry = { key: path, size, lastModified: new Date(at).toISOString(), ...(sha256 && { sha256 }) }
    text += `${separator}${JSON.stringify(path)}:${JSON.stringify(entry)}`
    separator = ',\n'
    if (text.length < CHUNK_BYTES) continue
    yield Buffer.from(text)
    text = ''
  }
  yield Buffer.from(`${text}}}\n`)
}

/** Of its newest file: the same index is written the same. */
function latestOf(next: Inventory): number {
  let latest = 0
  for (const { at } of next.files()) latest = Math.max(latest, at)
  return latest
}

/** What says that the index in parts is what counts goes first. */
export async function removeParts({ store, root }: Datastore): Promise<void> {
  const keys: string[] = []
  for await (const entry of store.list({ prefix: `${root}_index/` })) if (entry.kind === 'object') keys.push(entry.key)
  if (keys.length === 0) return
  await store.delete([root + META])
  const parts = keys.filter(key => key !== root + META)
  for (let at = 0; at < parts.length; at += MOST_KEYS) await store.delete(parts.slice(at, at + MOST_KEYS))
}
