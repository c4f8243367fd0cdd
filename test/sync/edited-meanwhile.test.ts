// A pull takes its time, and users do not wait for it: what they edit after it looked is theirs all the same (G4).
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import { Store } from '../../lib/runlet.ts'
import { MemoryBucket, MemoryStore } from '../../lib/store/memory/memory-store.ts'

for (const [what, edit] of [
  ['changed', (file: string) => writeFile(file, 'mine')],
  ['removed', (file: string) => rm(file)],
] as const) {
  test(`a file that is ${what} while its new value is fetched is not written over, but in conflict`, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'runlet-meanwhile-'))
    const bucket = new MemoryBucket()
    let meanwhile = async () => {}
    const schedule = async ({ key, operation }: { key: string; operation: string }) => {
      if (operation === 'get' && key.includes('/values/')) await meanwhile()
      return 'pass' as const
    }
    const store = new Store(new MemoryStore({ bucket, schedule }), systemAmbient, 'somebody')
    const namespace = await store.namespace('p', { create: true })
    await namespace.put('file', '1'.repeat(6_000))
    const copy = await namespace.workingCopy(directory)
    await copy.pull()
    await namespace.put('file', '2'.repeat(6_000))
    let edits = 0
    meanwhile = async () => {
      edits += 1
      if (edits === 1) await edit(join(directory, 'file'))
    }
    assert.deepEqual((await copy.pull()).conflicts, ['file'])
    const left = await readFile(join(directory, 'file'), 'utf8').catch(() => undefined)
    assert.equal(left, what === 'changed' ? 'mine' : undefined)
    await copy.dispose()
    await rm(directory, { recursive: true, force: true })
  })
}
