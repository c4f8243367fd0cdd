// Several real processes on one directory, and somebody who reads the files all the while.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openStore } from '../../lib/index.ts'
import { Fleet } from '../support/fleet.ts'
import { contents } from '../support/world.ts'
import type { CopyJob } from './copy-worker.ts'
import { aFolder, files } from './support.ts'

const NAMES = ['one', 'two', 'three']
const ROUNDS = 8
const SIZE = 300_000

const fleet = new Fleet()
after(() => fleet.end())

test('processes that use one copy at once take turns: nothing is lost, and no file is ever seen in part', async () => {
  const [url, root] = [`file:${aFolder()}`, aFolder()]
  const store = await openStore(url)
  const namespace = await store.namespace('n', { create: true })
  await namespace.put('shared', 'a'.repeat(SIZE))
  const copy = await namespace.workingCopy(root)
  await copy.pull()
  const members = NAMES.map(name => {
    const job: CopyJob = { url, root, name, rounds: ROUNDS }
    return fleet.start('../sync/copy-worker', job)
  })
  const ended = Promise.all(members.map(member => member.succeeds()))
  let running = true
  void ended
    .finally(() => {
      running = false
    })
    .catch(() => undefined)
  const seen = new Set<string>()
  for (let version = 0; running; version++) {
    await namespace.put('shared', String.fromCharCode(97 + (version % 26)).repeat(SIZE))
    for (let look = 0; look < 20 && running; look++) {
      const text = await readFile(join(root, 'shared'), 'latin1')
      assert.equal(text, text.charAt(0).repeat(SIZE))
      seen.add(text.charAt(0))
    }
  }
  await ended
  await copy.pull()
  const found = await contents(namespace)
  assert.deepEqual(await files(root), found)
  for (const name of NAMES)
    for (let round = 0; round < ROUNDS; round++) assert.equal(found[`${name}/${round}`], `${name} ${round}`)
  assert.ok(seen.size > 1, 'the shared file changed while it was read')
  assert.deepEqual(await copy.push(), { seq: undefined, put: 0, deleted: 0 })
  await copy.dispose()
  await store.close()
})
