// A pull takes its time, and users do not wait for it: what they edit after it looked is theirs all the same (G4).
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import { Store } from '../../lib/runlet.ts'
import { MemoryBucket, type MemoryRequest, MemoryStore } from '../../lib/store/memory/memory-store.ts'

/** A namespace, and a directory for a copy of it. `meanwhile` is called whenever a value is asked for, and comes first. */
async function aSlowPull(meanwhile: () => Promise<void>) {
  const directory = await mkdtemp(join(tmpdir(), 'runlet-meanwhile-'))
  const schedule = async ({ key, operation, phase }: MemoryRequest) => {
    if (phase === 'before' && operation === 'get' && key.includes('/values/')) await meanwhile()
    return 'pass' as const
  }
  const store = new Store(new MemoryStore({ bucket: new MemoryBucket(), schedule }), systemAmbient, 'somebody')
  const namespace = await store.namespace('p', { create: true })
  const copy = await namespace.workingCopy(directory)
  const end = async () => {
    await copy.dispose()
    await rm(directory, { recursive: true, force: true })
  }
  return { directory, namespace, copy, end }
}

for (const [what, edit] of [
  ['changed', (file: string) => writeFile(file, 'mine')],
  ['removed', (file: string) => rm(file)],
] as const) {
  test(`a file that is ${what} while its new value is fetched is not written over, but in conflict`, async () => {
    let edits = -1
    const { directory, namespace, copy, end } = await aSlowPull(async () => {
      edits += 1
      if (edits === 1) await edit(join(directory, 'file'))
    })
    await namespace.put('file', '1'.repeat(6_000))
    await copy.pull()
    await namespace.put('file', '2'.repeat(6_000))
    assert.deepEqual((await copy.pull()).conflicts, ['file'])
    const left = await readFile(join(directory, 'file'), 'utf8').catch(() => undefined)
    assert.equal(left, what === 'changed' ? 'mine' : undefined)
    await end()
  })
}

test('a file that appears in a folder that the same pull has just made is not written over, but in conflict', async () => {
  let asked = 0
  const { directory, namespace, copy, end } = await aSlowPull(async () => {
    asked += 1
    if (asked !== 2) return
    const folder = join(directory, 'd')
    let there: string[] = []
    while (there.length === 0) there = await readdir(folder).catch(() => [])
    mine = there[0] === 'a' ? 'd/b' : 'd/a'
    await writeFile(join(directory, mine), 'mine')
  })
  let mine = ''
  await namespace.commit(tx => {
    for (const path of ['d/a', 'd/b']) tx.put(path, path.repeat(2_000))
  })
  assert.deepEqual((await copy.pull()).conflicts, [mine])
  assert.equal(await readFile(join(directory, mine), 'utf8'), 'mine')
  await end()
})
