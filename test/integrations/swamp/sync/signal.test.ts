// A signal against a store that does not answer, and heeds no signal itself: what swamp waits for ends at once all the same.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { systemAmbient } from '../../../../lib/ambient.ts'
import type { SyncService } from '../../../../lib/integrations/swamp/sync/contract.ts'
import { createSyncService, type DisposableSyncService } from '../../../../lib/integrations/swamp/sync/service.ts'
import { Store } from '../../../../lib/runlet.ts'
import type { ListOptions, ObjectStore } from '../../../../lib/store/object-store.ts'
import { openObjectStore } from '../../../../lib/store/open.ts'
import { CONTROL_PLANE } from './world.ts'

/** Lets requests pass while it is open. */
class Gate {
  #opened: Promise<void> = Promise.resolve()
  #open = () => {}
  #arrived = () => {}
  waiting = 0

  /** Resolves when the first request waits. */
  close(): Promise<void> {
    this.#opened = new Promise(resolve => {
      this.#open = resolve
    })
    return new Promise(resolve => {
      this.#arrived = resolve
    })
  }

  open(): void {
    this.#open()
  }

  async pass(): Promise<void> {
    this.waiting += 1
    this.#arrived()
    await this.#opened
    this.waiting -= 1
  }
}

function behind(gate: Gate, store: ObjectStore): ObjectStore {
  async function* list(options: ListOptions) {
    await gate.pass()
    yield* store.list(options)
  }
  return new Proxy(store, {
    get(target, name) {
      if (name === 'list') return list
      const own = Reflect.get(target, name, target)
      if (typeof own !== 'function') return own
      if (!['get', 'put', 'delete', 'copy'].includes(String(name))) return own.bind(target)
      return async (...args: unknown[]) => {
        await gate.pass()
        return own.apply(target, args)
      }
    },
  })
}

interface Scene {
  readonly gate: Gate
  /** Of a cache with a change that is not pushed. */
  readonly service: SyncService
}

async function inScene(work: (scene: Scene) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'runlet-swamp-signal-'))
  const gate = new Gate()
  const objects = await openObjectStore(`file:${folder}/store`, systemAmbient, { folder: '/' })
  const store = new Store(behind(gate, objects), systemAmbient, 'tester')
  const open = (namespace?: string) =>
    store.namespace(namespace === undefined ? 'swamp' : `ns.${namespace}`, { create: true })
  const cachePath = join(folder, 'cache')
  const about = { open, list: async () => ['infra'], cachePath, controlPlane: () => CONTROL_PLANE }
  const service: DisposableSyncService = createSyncService(about)
  try {
    await service.markDirty({ relPath: 'a' })
    await mkdir(cachePath, { recursive: true })
    await writeFile(join(cachePath, 'a'), '1')
    await work({ gate, service })
  } finally {
    gate.open()
    await service.dispose()
    await store.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

const OPERATIONS: Record<string, (service: SyncService, signal: AbortSignal) => Promise<unknown>> = {
  pullChanged: (service, signal) => service.pullChanged({ signal }),
  pushChanged: (service, signal) => service.pushChanged({ signal }),
  preparePush: (service, signal) => service.preparePush({ signal }),
  hydrateFile: (service, signal) => service.hydrateFile('b', { signal }),
  exportCatalog: (service, signal) => service.exportCatalog('infra', [], signal),
  pullForeignCatalogs: (service, signal) => service.pullForeignCatalogs(['infra'], signal),
  fetchForeignContent: (service, signal) => service.fetchForeignContent('infra', 'x', signal),
}

async function endsWhileItHangs(
  { gate }: Scene,
  closed: Promise<void>,
  begin: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const controller = new AbortController()
  const ended = assert.rejects(begin(controller.signal), { name: 'AbortError', code: 'ERR_RUNLET_ABORTED' })
  await closed
  controller.abort(new Error('enough'))
  await ended
  assert.ok(gate.waiting > 0, 'the request was answered')
}

describe('a signal, while the store does not answer,', () => {
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    test(`ends ${name} at once`, () =>
      inScene(scene => endsWhileItHangs(scene, scene.gate.close(), signal => operation(scene.service, signal))))
  }

  test('ends commitPush at once, and the push can be committed afterwards', () =>
    inScene(async scene => {
      const { gate, service } = scene
      const manifest = await service.preparePush()
      await endsWhileItHangs(scene, gate.close(), signal => service.commitPush(manifest, { signal }))
      gate.open()
      await service.commitPush(manifest)
      assert.equal(await service.pushChanged(), 0)
    }))
})
