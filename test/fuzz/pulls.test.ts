// Pulls of a namespace whose head is hostile into a working copy: it is brought, or refused with a typed error; nothing outside of the
// directory is touched, not by way of a link either, and nothing of git's or runlet's own is written.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { systemAmbient } from '../../lib/ambient.ts'
import { Store } from '../../lib/runlet.ts'
import { MemoryStore } from '../../lib/store/memory/memory-store.ts'
import { MeteredStore } from '../../lib/store/metered-store.ts'
import { World } from '../support/world.ts'
import { changedText, type Json } from './hostile.ts'
import { aBucketOf, documents, objectsOf } from './store.ts'
import { runs, triedLater } from './tried.ts'

const HEAD = 'ns/p/_/head'
const world = new World()
await world.run(async () => {
  const namespace = await world.client().store.namespace('p', { create: true })
  await namespace.commit(tx => {
    for (const path of ['a/b', 'c', 'd/e/f']) tx.put(path, path)
  })
})
const objects = objectsOf(world.bucket)
const [head] = documents(objects, HEAD) as unknown as [{ layers: object[] }]

const segment = fc.constantFrom(
  ...[
    'a',
    'A',
    'b',
    'c',
    '..',
    '.',
    '',
    '.git',
    '.GIT',
    'git~1',
    '.runlet',
    'copy',
    'hooks',
    'way-out',
    'to-file',
    'x',
  ],
  ...[
    'con',
    'a:b',
    'a\\b',
    '..\\x',
    'e\u0301',
    '\u00e9',
    '\u200c.git',
    'a ',
    'a.',
    '~',
    'x'.repeat(200),
    '-rf',
    '\u0001',
  ],
)
const row = fc
  .record({
    path: fc.array(segment, { minLength: 1, maxLength: 4 }).map(segments => segments.join('/')),
    value: fc.constantFrom('x', 'hostile', ''),
    executable: fc.constantFrom(true, undefined),
    deleted: fc.constantFrom(true, undefined, undefined, undefined),
  })
  .map(({ path, value, deleted, executable }) => {
    const about = { path, at: 1, author: 'eve', executable }
    if (deleted) return { ...about, deleted }
    const sha256 = createHash('sha256').update(value).digest('hex')
    return { ...about, size: value.length, sha256, value: Buffer.from(value).toString('base64') }
  })

const byPath = <Row extends { path: string }>(rows: readonly Row[]): Row[] =>
  [...new Map(rows.map(one => [one.path, one])).values()].sort((a, b) =>
    Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)),
  )

/** Rows that are as they must be, but for where they lie; or any change of the head. */
const hostileHeads = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.array(row, { minLength: 1, maxLength: 6 }).map(rows => {
      const [first, ...layers] = head.layers
      return JSON.stringify({ ...head, layers: [{ ...first, rows: byPath(rows) }, ...layers] })
    }),
  },
  { weight: 1, arbitrary: changedText([head as unknown as Json]) },
)

let root: string
let folders = 0
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'runlet-pulls-'))
})
after(() => rm(root, { recursive: true, force: true, maxRetries: 5 }))

/** Everything below a folder but what lies in one of that name, with what links lead to and what files hold. */
async function everythingBut(name: string, folder: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.name === name) continue
    if (entry.isDirectory()) found.push(path, ...(await everythingBut(name, path)))
    else found.push(`${path} ${entry.isFile() ? await readFile(path, 'utf8') : 'no file'}`)
  }
  return found.sort()
}

test('a pull from a hostile namespace touches nothing outside of the copy, and nothing of git', async () => {
  await fc.assert(
    fc.asyncProperty(hostileHeads, async text => {
      const place = join(root, String(++folders))
      const directory = join(place, 'copy')
      await mkdir(join(directory, '.git', 'hooks'), { recursive: true })
      await mkdir(join(place, 'beside'))
      await writeFile(join(place, 'beside', 'x'), 'mine')
      await symlink(join('..', 'beside'), join(directory, 'way-out'))
      await symlink(join('..', 'beside', 'x'), join(directory, 'to-file'))
      const outside = await everythingBut('copy', place)
      const objectStore = new MemoryStore({ bucket: aBucketOf(new Map([...objects, [HEAD, Buffer.from(text)]])) })
      const store = new Store(new MeteredStore(objectStore, systemAmbient), systemAmbient, 'me')
      await triedLater(async () => {
        const copy = await (await store.namespace('p')).workingCopy(directory)
        await copy.pull().finally(() => copy.dispose())
      })
      assert.deepEqual(await everythingBut('copy', place), outside)
      assert.deepEqual(await readdir(join(directory, '.git')), ['hooks'])
      assert.deepEqual(await readdir(join(directory, '.git', 'hooks')), [])
      await rm(place, { recursive: true, force: true })
    }),
    runs('pulls'),
  )
})
