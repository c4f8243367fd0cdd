// Worlds for the tests of the sync service: caches of one datastore, and processes that use them. The same on every store.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { ControlPlaneStore } from '../../../../lib/integrations/swamp/sync/contract.ts'
import { createSyncService, type DisposableSyncService } from '../../../../lib/integrations/swamp/sync/service.ts'
import { type Namespace, openStore, type Store } from '../../../../lib/runlet.ts'
import { contents } from '../../../support/world.ts'

/** What two commands of swamp are about. */
export const VM = { modelType: 'aws/ec2', modelId: 'i-1' }
export const DB = { modelType: 'aws/rds', modelId: 'd-1' }

/** A store to try the service on. */
export interface Harness {
  /** The URL of a store with nothing in it, another one each time. */
  freshUrl(): string
  close(): Promise<void>
}

export interface Process {
  readonly service: DisposableSyncService
  readonly cachePath: string
  /** Marks, as swamp does, and then writes; null removes the file. */
  edit(files: Record<string, string | null>): Promise<void>
  /** Writes without a mark. */
  write(files: Record<string, string | null>): Promise<void>
  /** What lies in the cache, without runlet's own. */
  files(): Promise<Record<string, string>>
}

export interface World {
  /** A process that uses the cache of that name. What was used of a cache before is all that it knows. */
  process(cache?: string): Promise<Process>
  /** What the store has, as others see it. */
  stored(namespace?: string): Promise<Record<string, string>>
  /** The namespace itself, to write what swamp would not. */
  namespace(namespace?: string): Promise<Namespace>
  store(): Promise<Store>
  close(): Promise<void>
}

const nameOf = (namespace: string | undefined): string => (namespace === undefined ? 'swamp' : `ns.${namespace}`)

export async function aWorld(harness: Harness): Promise<World> {
  const url = harness.freshUrl()
  const folder = await mkdtemp(join(tmpdir(), 'runlet-swamp-'))
  const stores: Store[] = []
  const services: DisposableSyncService[] = []
  const made = new Set<string>()
  const store = async () => {
    const opened = await openStore(url, { author: 'tester' })
    stores.push(opened)
    return opened
  }
  const others = await store()
  const open = (from: Store) => async (namespace?: string) => {
    if (namespace !== undefined) made.add(namespace)
    const exists = await from.namespace(nameOf(namespace), { create: true })
    return exists
  }
  const outside = open(others)
  return {
    async process(cache = 'a') {
      const cachePath = join(folder, cache)
      const about = { open: open(await store()), list: async () => [...made].sort(), cachePath }
      const service = createSyncService({ ...about, controlPlane: () => CONTROL_PLANE })
      services.push(service)
      const write = (files: Record<string, string | null>) => writeAll(cachePath, files)
      return {
        service,
        cachePath,
        write,
        edit: async files => {
          for (const relPath of Object.keys(files)) await service.markDirty({ relPath })
          await write(files)
        },
        files: () => filesOf(cachePath),
      }
    },
    stored: async namespace => contents(await outside(namespace)),
    namespace: outside,
    store,
    async close() {
      for (const service of services) await service.dispose()
      for (const one of stores) await one.close()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

export const CONTROL_PLANE = { list: async () => ['there'] } as unknown as ControlPlaneStore

async function writeAll(root: string, files: Record<string, string | null>): Promise<void> {
  await mkdir(root, { recursive: true })
  for (const [path, value] of Object.entries(files)) {
    if (value === null) await rm(join(root, path), { recursive: true, force: true })
    else {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), value)
    }
  }
}

async function filesOf(root: string, below = ''): Promise<Record<string, string>> {
  const all: Record<string, string> = {}
  for (const entry of await readdir(join(root, below), { withFileTypes: true }).catch(() => [])) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.name === '.runlet') continue
    if (entry.isDirectory()) Object.assign(all, await filesOf(root, path))
    else all[path] = await readFile(join(root, path), 'utf8')
  }
  return all
}
