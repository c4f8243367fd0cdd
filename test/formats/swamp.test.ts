// The documents that lie beside a namespace for swamp: what is written must not change by accident, and what was written must be read.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import { controlPlaneOf } from '../../lib/integrations/swamp/control-plane.ts'
import { datastore } from '../../lib/integrations/swamp/datastore.ts'
import { parseNamespaceName } from '../../lib/names.ts'
import { openFileStore } from '../../lib/store/file/file-store.ts'
import type { ObjectStore } from '../../lib/store/object-store.ts'

let folder: string
let objects: ObjectStore
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runlet-swamp-format-'))
  objects = await openFileStore(join(folder, 'store'), { ambient: systemAmbient })
})
after(async () => {
  await objects.close?.()
  await rm(folder, { recursive: true })
})

async function documentAt(key: string): Promise<Record<string, unknown>> {
  const answer = await objects.get(key)
  assert.equal(answer.status, 'found', key)
  return JSON.parse(Buffer.from(answer.status === 'found' ? answer.body : []).toString())
}

describe('beside a namespace', () => {
  const plane = () =>
    controlPlaneOf({
      objects: async () => objects,
      ambient: systemAmbient,
      name: parseNamespaceName('p'),
      assertIsolated: () => undefined,
    })

  test('a record of the control plane is what it was', async () => {
    await plane().put('runs/1', Buffer.from('beat'))
    const { write, ...record } = await documentAt('ns/p/_/control/runs/1')
    assert.equal(typeof write, 'string')
    assert.deepEqual(record, { format: 1, data: 'YmVhdA==' })
  })

  test('a record of the control plane that was written before is read', async () => {
    await objects.put('ns/p/_/control/runs/0', Buffer.from('{"format":1,"data":"YmVhdA==","write":"w"}\n'))
    assert.equal(Buffer.from((await plane().get('runs/0')) ?? []).toString(), 'beat')
  })

  const provider = () => datastore.createProvider({ store: `file:${join(folder, 'store')}`, parent: 'p' })

  test('the registration of a swamp namespace is what it was', async () => {
    await provider().registerNamespace?.(folder, 'infra', 'repository-1')
    const { write, registeredAt, ...registration } = await documentAt('ns/p/_/swamp/infra')
    assert.deepEqual([typeof write, typeof registeredAt], ['string', 'number'])
    assert.deepEqual(registration, { format: 1, namespace: 'infra', repoId: 'repository-1' })
  })

  test('a registration that was written before keeps other repositories out', async () => {
    const written = '{"write":"w","format":1,"namespace":"old","repoId":"repository-0","registeredAt":1700000000000}\n'
    await objects.put('ns/p/_/swamp/old', Buffer.from(written))
    assert.ok((await provider().listNamespaces?.(folder))?.includes('old'))
    await assert.rejects(async () => provider().registerNamespace?.(folder, 'old', 'repository-1'), /repository-0/)
  })
})
