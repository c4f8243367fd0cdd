// What a copy remembers comes back as it was, and costs what is asked of it.
import assert from 'node:assert/strict'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { systemAmbient } from '../../lib/ambient.ts'
import { isPath, type Path } from '../../lib/names.ts'
import { CopyState } from '../../lib/sync/copy-state.ts'
import type { CopyEntry } from '../../lib/sync/entry.ts'
import { aFolder } from './support.ts'

const hex = fc.stringMatching(/^[0-9a-f]{64}$/)
const entryOf: fc.Arbitrary<CopyEntry> = fc
  .record({
    path: fc.array(fc.string({ minLength: 1, maxLength: 4, unit: 'grapheme' }), { minLength: 1, maxLength: 3 }),
    sha256: hex,
    executable: fc.boolean(),
    stat: fc.option(
      fc.record({ size: fc.nat(), mtimeMs: fc.double({ noNaN: true, noDefaultInfinity: true }), inode: fc.nat() }),
      { nil: undefined },
    ),
  })
  .map(({ path, stat, ...side }) => ({
    ...side,
    path: path.join('/').normalize('NFC') as Path,
    // JSON knows no negative zero, and no file has that time.
    stat: stat && { ...stat, mtimeMs: stat.mtimeMs + 0, executable: side.executable },
  }))
  .filter(({ path }) => isPath(path))

async function everything(state: CopyState): Promise<Map<string, CopyEntry>> {
  const all = new Map<string, CopyEntry>()
  for await (const entry of state.all()) all.set(entry.path, entry)
  return all
}

describe('entries', () => {
  test('come back as they were, in another process too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entryOf, { maxLength: 20 }), async entries => {
        const root = aFolder()
        const state = new CopyState(root, systemAmbient)
        for (const entry of entries) await state.set(entry)
        await state.flush()
        const expected = new Map(entries.map(entry => [entry.path as string, entry]))
        assert.deepEqual(await everything(new CopyState(root, systemAmbient)), expected)
      }),
      { numRuns: 30 },
    )
  })

  test('are spread over the buckets, and a change of one writes one', async () => {
    const root = aFolder()
    const state = new CopyState(root, systemAmbient)
    const entry = (i: number, sha256: string) => ({
      path: `data/${i % 40}/result-${i}.json` as Path,
      sha256,
      executable: false,
      stat: undefined,
    })
    for (let i = 0; i < 5_000; i++) await state.set(entry(i, '0'.repeat(64)))
    await state.flush()
    const folder = join(root, '.runlet/copy/files')
    const inodes = async () =>
      Promise.all(
        (await readdir(folder)).sort().map(async name => [name, (await stat(join(folder, name))).ino] as const),
      )
    const before = await inodes()
    assert.equal(before.length, 256)
    const sizes = await Promise.all(before.map(async ([name]) => (await stat(join(folder, name))).size))
    assert.ok(Math.max(...sizes) < 4 * (sizes.reduce((sum, size) => sum + size, 0) / sizes.length))
    const later = new CopyState(root, systemAmbient)
    await later.set(entry(7, '1'.repeat(64)))
    await later.flush()
    assert.equal(later.bucketsRead, 1)
    const after = await inodes()
    assert.equal(after.filter(([, inode], i) => inode !== before[i]?.[1]).length, 1)
  })

  test('tell of every folder above them, without a bucket being read', async () => {
    const root = aFolder()
    const state = new CopyState(root, systemAmbient)
    await state.set({ path: 'a/b/c' as Path, sha256: '0'.repeat(64), executable: false, stat: undefined })
    await state.flush()
    const later = new CopyState(root, systemAmbient)
    const known = await Promise.all(['a', 'a/b', 'a/b/c', 'b'].map(path => later.mayHaveBelow(path as Path)))
    assert.deepEqual([known, later.bucketsRead], [[true, true, false, false], 0])
  })
})
