// What a probe of the doctor is: one property that the protocols need of a store, tried through the ObjectStore interface alone.
// The invariant: a probe takes every key from `bench.key`, so that whatever becomes of it, its objects are found and removed.
// A probe may throw; examine() turns that into a check that failed.
import type { Ambient } from '../../ambient.ts'
import { AmbiguousWrite, PreconditionFailed } from '../../errors.ts'
import type { Condition, ListEntry, ListOptions, ObjectStore } from '../object-store.ts'
import type { Crew } from './crew.ts'

/** `required`: runlet loses or mixes up data without it. `advice`: it only costs time, money or clarity. */
export type Severity = 'required' | 'advice'

export interface Bench {
  readonly store: ObjectStore
  readonly ambient: Ambient
  /** Everything that the doctor writes lies below this. */
  readonly prefix: string
  /** Others who do things to the store at the same time. */
  readonly crew: Crew
  /** Opens a store by another URL; undefined when this store cannot be opened by one. */
  readonly open: ((url: string) => Promise<ObjectStore>) | undefined
  /** The store's own, of stores that have it. */
  readonly abortUploads: ObjectStore['abortUploads']
  /** A key below the prefix, remembered for the clean-up. */
  key(name: string): string
}

export type Finding =
  | { readonly ok: true; readonly detail: string; readonly figures?: Figures }
  | { readonly ok: false; readonly detail: string; readonly remedy: string; readonly figures?: Figures }

/** What was measured, by name, the unit at the name's end. */
export type Figures = Readonly<Record<string, number>>

export interface Probe {
  readonly name: string
  readonly severity: Severity
  /** What goes wrong on a store that fails it: the end of a sentence that begins with what was seen. */
  readonly without: string
  /** What to do when it throws, in place of what the error suggests. */
  readonly remedy?: string
  run(bench: Bench): Promise<Finding>
}

export const holds = (detail: string, figures?: Figures): Finding => ({ ok: true, detail, ...(figures && { figures }) })
export const fails = (detail: string, remedy: string, figures?: Figures): Finding => {
  return { ok: false, detail, remedy, ...(figures && { figures }) }
}

/** The remedy for a store that does not keep a promise of the S3 API. */
export const OTHER_STORE =
  'Upgrade the store, take away a cache or proxy that stands before it, or use another one (AWS S3, Ceph RGW, MinIO, Cloudflare R2, or file:)'

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The text under a key; undefined when there is none. */
export async function textAt({ store }: Bench, key: string): Promise<string | undefined> {
  const answer = await store.get(key)
  return answer.status === 'found' ? new TextDecoder().decode(answer.body) : undefined
}

/** Whether a conditional put was lost, or nobody can say: what the object holds then tells. */
function isUndecided(error: unknown): boolean {
  return error instanceof PreconditionFailed || error instanceof AmbiguousWrite
}

/** Tries a conditional put of a text that was never there before. */
export async function attempt(
  bench: Bench,
  key: string,
  { text, condition }: { text: string; condition: Condition },
): Promise<'written' | 'refused'> {
  try {
    await bench.store.put(key, bytes(text), { condition })
    return 'written'
  } catch (error) {
    if (!isUndecided(error)) throw error
    return (await textAt(bench, key)) === text ? 'written' : 'refused'
  }
}

async function entriesOf({ store }: Bench, options: ListOptions): Promise<ListEntry[]> {
  const entries: ListEntry[] = []
  for await (const entry of store.list(options)) entries.push(entry)
  return entries
}

export async function keysOf(bench: Bench, options: ListOptions): Promise<string[]> {
  return (await entriesOf(bench, options)).map(entry => entry.key)
}
