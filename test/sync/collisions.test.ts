// What cannot stand beside one another, among the paths that a pull brings and beside what lies on the disk. That a file system folds
// case is told to the code, so that it can be tried on any.
import assert from 'node:assert/strict'
import { access, mkdir, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { systemAmbient } from '../../lib/ambient.ts'
import { LinkInCopyError } from '../../lib/errors.ts'
import type { Path } from '../../lib/names.ts'
import { type FileSystemTraits, findCollisions, foldName } from '../../lib/sync/collisions.ts'
import { LocalFiles } from '../../lib/sync/local-files.ts'
import { findObstacles } from '../../lib/sync/obstacles.ts'
import { aFolder, write } from './support.ts'

const PLAIN = { foldsCase: false, normalises: false }
const FOLDING = { foldsCase: true, normalises: true }

describe('among the paths that come', () => {
  const cases: [what: string, traits: FileSystemTraits, paths: string[], collisions: string[]][] = [
    ['files that differ by case', FOLDING, ['README', 'readme'], ['README readme']],
    ['the same, where case is told apart', PLAIN, ['README', 'readme'], []],
    ['folders that differ by case', FOLDING, ['Foo/x', 'foo/y'], ['Foo/x foo/y']],
    ['folders that differ by case, deep down', FOLDING, ['a/Foo/x', 'a/foo/b/y'], ['a/Foo/x a/foo/b/y']],
    ['a folder and a file that differ by case', FOLDING, ['Foo/x', 'foo'], ['Foo/x foo']],
    ['a file where another needs a folder', PLAIN, ['a', 'a/b'], ['a a/b']],
    ['letters beyond ASCII', FOLDING, ['Übung', 'übung', 'Σ', 'ς', 'straße', 'STRASSE'], ['Übung übung', 'Σ ς']],
    ['names that only begin alike', FOLDING, ['a', 'a.txt', 'a-b/c', 'A.md'], []],
    ['one path alone', FOLDING, ['Foo/x', 'Foo/y', 'Foo/Bar/z'], []],
  ]
  for (const [what, traits, paths, expected] of cases) {
    test(what, () => {
      assert.deepEqual(
        findCollisions(paths, traits).map(pair => pair.join(' ')),
        expected,
      )
    })
  }

  test('there are none exactly when every name has one spelling and is a file or a folder', () => {
    const segment = fc.constantFrom('a', 'A', 'b', 'é', 'É')
    const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map(segments => segments.join('/'))
    fc.assert(
      fc.property(fc.uniqueArray(path), fc.constantFrom(PLAIN, FOLDING), (paths, traits) => {
        const uses = new Map<string, Set<string>>()
        for (const path of paths) {
          const segments = path.split('/')
          segments.forEach((_, i) => {
            const name = segments.slice(0, i + 1).join('/')
            const key = foldName(name, traits)
            const use = `${name} ${i + 1 === segments.length ? 'file' : 'folder'}`
            uses.set(key, (uses.get(key) ?? new Set()).add(use))
          })
        }
        const clear = [...uses.values()].every(use => use.size === 1)
        assert.equal(findCollisions(paths, traits).length === 0, clear)
      }),
    )
  })
})

describe('beside what stands on the disk', () => {
  /** The obstacles to adding paths, in a folder with files, of which some go. */
  async function obstacles(
    standing: string[],
    added: string[],
    options: { traits?: FileSystemTraits; gone?: string[] } = {},
  ) {
    const root = aFolder()
    await mkdir(root, { recursive: true })
    await write(root, Object.fromEntries(standing.map(path => [path, path])))
    const asked: string[] = []
    const goes = async (path: string) => {
      asked.push(path)
      return options.gone?.includes(path) ?? false
    }
    const found = await findObstacles({ root, traits: options.traits ?? PLAIN, goes }, added as Path[])
    return found.map(pair => pair.join(' '))
  }

  test('nothing is in the way of what is not there, or of the very file', async () => {
    assert.deepEqual(await obstacles(['a', 'd/b'], ['a', 'd/b', 'd/c', 'e/f/g'], { traits: FOLDING }), [])
  })

  test('a name in another spelling is in the way where case is folded, and only there', async () => {
    assert.deepEqual(await obstacles(['README'], ['readme'], { traits: FOLDING }), ['README readme'])
    assert.deepEqual(await obstacles(['README'], ['readme']), [])
  })

  test('a folder in another spelling is in the way of all that lies in it', async () => {
    assert.deepEqual(await obstacles(['Foo/x'], ['foo/y', 'foo/z/z'], { traits: FOLDING }), [
      'Foo/x foo/y',
      'Foo/x foo/z/z',
    ])
  })

  test('a file or folder that the pull removes is not in the way of its other spelling', async () => {
    assert.deepEqual(
      await obstacles(['README', 'Foo/x'], ['readme', 'foo/x'], { traits: FOLDING, gone: ['README', 'Foo/x'] }),
      [],
    )
  })

  test('a file is in the way where a folder must be, unless it goes', async () => {
    assert.deepEqual(await obstacles(['a'], ['a/b/c']), ['a a/b/c'])
    assert.deepEqual(await obstacles(['a'], ['a/b/c'], { gone: ['a'] }), [])
  })

  test('a folder is in the way of a file for as long as a file stays in it', async () => {
    assert.deepEqual(await obstacles(['a/b', 'a/c/d'], ['a'], { gone: ['a/b'] }), ['a/c/d a'])
    assert.deepEqual(await obstacles(['a/b', 'a/c/d'], ['a'], { gone: ['a/b', 'a/c/d'] }), [])
  })

  test('a link is refused, wherever it stands', async () => {
    const root = aFolder()
    await mkdir(join(root, 'real'), { recursive: true })
    await symlink('real', join(root, 'link'))
    const means = { root, traits: PLAIN, goes: async () => false }
    await assert.rejects(findObstacles(means, ['link' as Path]), LinkInCopyError)
    await assert.rejects(findObstacles(means, ['link/a' as Path]), LinkInCopyError)
  })
})

test('what this file system takes for the same name is found by trying, and nothing is left of that', async () => {
  const root = aFolder()
  await write(root, { 'name-\u00e9': '1' })
  const isThere = (name: string) =>
    access(join(root, name)).then(
      () => true,
      () => false,
    )
  const expected = { foldsCase: await isThere('NAME-\u00e9'), normalises: await isThere('name-e\u0301') }
  assert.deepEqual(await new LocalFiles(root, systemAmbient).traits(), expected)
  assert.deepEqual(await readdir(join(root, '.runlet/copy/tmp')), [])
})
