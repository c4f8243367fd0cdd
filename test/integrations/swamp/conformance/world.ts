// The world of a sentence of swamp's contract: an empty store and an empty folder of its own. Sentences know neither the test runner
// nor the kind of store nor whether they run in Node or Deno, so that the very same ones are held on all of them (suite.ts, deno.ts).
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type * as swamp from '../../../../lib/integrations/swamp/datastore.ts'
import type { openStore, Store } from '../../../../lib/runlet.ts'

/** What is held to the contract: built for Deno, from the sources for Node. */
export interface Subject {
  readonly datastore: (typeof swamp)['datastore']
  readonly LockTimeoutError: (typeof swamp)['LockTimeoutError']
  readonly openStore: typeof openStore
}

export interface Sentence {
  readonly says: string
  readonly holds: (world: World) => Promise<void>
}

export interface World extends Subject {
  /** The URL of an empty store. */
  readonly store: string
  /** An empty folder. */
  readonly folder: string
  /** A provider of its own, as another process would have. */
  provider(config?: Record<string, unknown>): swamp.DatastoreProvider
  /** The store, as runlet's own users see it. */
  open(): Promise<Store>
}

const NAMES = ['RUNLET_STORE', 'RUNLET_NAMESPACE', 'RUNLET_OWNER_TOKEN']

/** Holds one sentence in a fresh world; `store` is the URL of a store that nothing else uses. */
export async function hold(sentence: Sentence, subject: Subject, store: (folder: string) => string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'runlet-swamp-'))
  const url = store(folder)
  const opened: Store[] = []
  const before = NAMES.map(name => [name, process.env[name]] as const)
  for (const name of NAMES) delete process.env[name]
  try {
    await sentence.holds({
      ...subject,
      store: url,
      folder,
      provider: config => subject.datastore.createProvider({ store: url, ...config }),
      open: async () => {
        const store = await subject.openStore(url)
        opened.push(store)
        return store
      },
    })
  } finally {
    for (const [name, value] of before) if (value !== undefined) process.env[name] = value
    await Promise.all(opened.map(store => store.close()))
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const text = (value: Uint8Array | null | undefined): string | null =>
  value ? new TextDecoder().decode(value) : null
export const sleep = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms))
export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
