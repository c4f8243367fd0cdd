// What the tests of working copies share: folders that vanish afterwards, and processes that count their requests.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import { type Namespace, Store } from '../../lib/runlet.ts'
import { MemoryBucket, type MemoryRequest, MemoryStore } from '../../lib/store/memory/memory-store.ts'
import { MeteredStore } from '../../lib/store/metered-store.ts'
import type { ObjectStore } from '../../lib/store/object-store.ts'

let folder: string
let folders = 0
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runlet-copy-'))
})
// Who has a copy goes on renewing its leases in there until it disposes of it.
after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))

/** The path of a folder that is not there yet. */
export const aFolder = () => join(folder, String(++folders))

export interface Client {
  readonly store: Store
  readonly objects: ObjectStore
  readonly namespace: Namespace
  /** `operation key` of each request since the namespace was opened. */
  readonly requests: string[]
  /** Requests for which it is true fail from now on, until it is given another. */
  failAt(fails: (request: MemoryRequest) => boolean): void
}

/** Processes with a namespace each on one bucket. */
export function aBucket() {
  const bucket = new MemoryBucket()
  return async (name = 'n'): Promise<Client> => {
    const requests: string[] = []
    let fails: (request: MemoryRequest) => boolean = () => false
    const schedule = async (request: MemoryRequest) => {
      if (request.phase === 'after') requests.push(`${request.operation} ${request.key}`)
      return fails(request) ? ('lose' as const) : ('pass' as const)
    }
    const objects = new MemoryStore({ bucket, schedule })
    const store = new Store(new MeteredStore(objects, systemAmbient), systemAmbient, 'me')
    const namespace = await store.namespace(name, { create: true })
    requests.length = 0
    const failAt = (when: typeof fails) => {
      fails = when
    }
    return { store, objects, namespace, requests, failAt }
  }
}

export async function write(root: string, files: Record<string, string>): Promise<void> {
  for (const [path, value] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), value)
  }
}

/** Everything in a directory but runlet's own, as text by path. */
export async function files(root: string, below = ''): Promise<Record<string, string>> {
  const all: Record<string, string> = {}
  for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (path === '.runlet') continue
    if (entry.isDirectory()) Object.assign(all, await files(root, path))
    else all[path] = await readFile(join(root, path), 'utf8')
  }
  return all
}
