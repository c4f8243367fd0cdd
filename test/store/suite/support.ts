// What the parts of the store suite share: bodies as text, reads that must find something, and what a lost race may answer.
import { AmbiguousWrite, PreconditionFailed } from '../../../lib/errors.ts'
import type { GetOptions, GetResult, ListEntry, ListOptions, ObjectStore } from '../../../lib/store/object-store.ts'

/** The store under test, and a prefix that no other test uses. */
export type Place = () => { store: ObjectStore; prefix: string }

export const text = (content: string): Uint8Array => new TextEncoder().encode(content)

export async function found(
  store: ObjectStore,
  key: string,
  options?: GetOptions,
): Promise<Extract<GetResult, { status: 'found' }>> {
  const answer = await store.get(key, options)
  if (answer.status !== 'found') throw new Error(`${key} is ${answer.status}`)
  return answer
}

export async function textAt(store: ObjectStore, key: string): Promise<string> {
  return String(Buffer.from((await found(store, key)).body))
}

/** What a conditional put may answer when another writer was faster, or when nobody can say. */
export function isLost(error: unknown): boolean {
  return error instanceof PreconditionFailed || error instanceof AmbiguousWrite
}

export async function entriesOf(store: ObjectStore, options: ListOptions): Promise<ListEntry[]> {
  const entries: ListEntry[] = []
  for await (const entry of store.list(options)) entries.push(entry)
  return entries
}

export async function keysOf(store: ObjectStore, options: ListOptions): Promise<string[]> {
  return (await entriesOf(store, options)).map(entry => entry.key)
}

/** Puts small objects, a few at a time. */
export async function putAll(store: ObjectStore, keys: readonly string[]): Promise<void> {
  const waiting = [...keys]
  const worker = async () => {
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) await store.put(key, text(`of ${key}`))
  }
  await Promise.all(Array.from({ length: 16 }, worker))
}
