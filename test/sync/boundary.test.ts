// What a working copy never touches: what lies outside its directory, its own state, and what is not synchronised; and what it does
// when its state was damaged.
import assert from 'node:assert/strict'
import { lstatSync, rmSync, symlinkSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { CorruptObjectError, LinkInCopyError, RunletError } from '../../lib/errors.ts'
import { contents } from '../support/world.ts'
import { aBucket, aFolder, files, write } from './support.ts'

const large = (text: string) => text.padEnd(5_000, '.')

/** A copy with `a/file` and `top`, and a folder elsewhere with a file of the same name. */
async function aCopyBesideAnother() {
  const client = await aBucket()()
  const { namespace } = client
  await namespace.commit(tx => {
    tx.put('a/file', 'base')
    tx.put('top', 'base')
  })
  const [root, elsewhere] = [aFolder(), aFolder()]
  await write(elsewhere, { file: 'not yours' })
  const copy = await namespace.workingCopy(root)
  await copy.pull()
  /** Puts a link in the place of a folder or file. */
  const link = async (path: string, target: string) => {
    await rm(join(root, path), { recursive: true })
    await symlink(target, join(root, path))
  }
  return { client, namespace, copy, root, elsewhere, link }
}

describe('a folder that was replaced by a link out of the directory', () => {
  test('is refused by a push, a hint and a status, and nothing behind it is read', async () => {
    const { namespace, copy, elsewhere, link } = await aCopyBesideAnother()
    await link('a', elsewhere)
    await assert.rejects(copy.push(), LinkInCopyError)
    await assert.rejects(copy.status(), LinkInCopyError)
    copy.markDirty('a/file')
    await assert.rejects(copy.push(), LinkInCopyError)
    assert.deepEqual(await contents(namespace), { 'a/file': 'base', top: 'base' })
  })

  test('is not written through by a pull that changes, adds or removes behind it', async () => {
    const changes = [
      { path: 'a/file', value: 'changed' },
      { path: 'a/new', value: 'new' },
      { path: 'a/file', value: undefined },
    ]
    for (const { path, value } of changes) {
      const { namespace, copy, elsewhere, link } = await aCopyBesideAnother()
      await link('a', elsewhere)
      if (value === undefined) await namespace.delete(path)
      else await namespace.put(path, value)
      await assert.rejects(copy.pull(), { code: 'ERR_RUNLET_LINK_IN_COPY', message: /^"a" is a symbolic link/ })
      assert.deepEqual(await files(elsewhere), { file: 'not yours' })
    }
  })
})

test('a file that was replaced by a link is neither followed nor overwritten', async () => {
  const { namespace, copy, elsewhere, link } = await aCopyBesideAnother()
  await link('top', join(elsewhere, 'file'))
  await assert.rejects(copy.push(), LinkInCopyError)
  await namespace.put('top', 'theirs')
  await assert.rejects(copy.pull(), LinkInCopyError)
  assert.deepEqual(await files(elsewhere), { file: 'not yours' })
})

test('a namespace cannot write the state of a copy, a hook of git or the configuration', async () => {
  const { namespace } = await aBucket()()
  const traps = ['.runlet/copy/state.json', '.git/hooks/pre-commit', '.GIT/config', 'runlet.config.json']
  // Where a folder is a repository or a copy itself, and as other file systems spell them.
  traps.push('deep/.git/config', 'deep/.runlet/copy/state.json', 'deep/Runlet.Config.JSON', 'd/RUNLET~1.JSO')
  traps.push('.g\u200cit/config', '\ufeff.git', 'git~1/config', '.git./config', '.git /x', '.git::$INDEX_ALLOCATION/x')
  const fine = ['.gitignore', 'fine', 'git/config', 'x.git/config', '.github/.gitkeep', 'runlet/a', 'g\u200cit']
  await namespace.commit(tx => {
    for (const path of [...traps, ...fine]) tx.put(path, 'x')
  })
  const root = aFolder()
  const copy = await namespace.workingCopy(root)
  assert.equal((await copy.pull()).written, fine.length)
  assert.deepEqual(Object.keys(await files(root)).sort(), fine.sort())
  await write(root, { '.git/config': 'mine', 'runlet.config.json': '{}' })
  copy.markDirty('.git/config')
  copy.markDirty('.git')
  assert.deepEqual(await copy.push(), { seq: undefined, put: 0, deleted: 0 })
  assert.deepEqual(await copy.push(), { seq: undefined, put: 0, deleted: 0 })
})

test('a value that cannot be read leaves the old file whole, and nothing beside it', async () => {
  const { client, namespace, copy, root } = await aCopyBesideAnother()
  await namespace.put('top', large('new'))
  client.failAt(({ key }) => key.includes('/values/'))
  await assert.rejects(copy.pull())
  client.failAt(() => false)
  assert.deepEqual(await files(root), { 'a/file': 'base', top: 'base' })
  assert.deepEqual(await readdir(join(root, '.runlet/copy/tmp')), [])
})

describe('state that was damaged', () => {
  const damages: [what: string, damage: (text: string) => string][] = [
    ['cut short', text => text.slice(0, -3)],
    ['with a path out of the directory', text => text.replace(/"(a\/file|top)"/, '"../../etc/passwd"')],
    ['with a hash that is none', text => text.replace(/[0-9a-f]{64}/, 'abc')],
    ['with a size that is none', text => text.replace(/,4,/, ',"4",')],
    ['that is no list', () => '{}'],
  ]
  for (const [what, damage] of damages) {
    test(`${what} is refused, and nothing is done`, async () => {
      const { namespace, copy, root } = await aCopyBesideAnother()
      const folder = join(root, '.runlet/copy/files')
      for (const name of await readdir(folder)) {
        await writeFile(join(folder, name), damage(await readFile(join(folder, name), 'utf8')))
      }
      await assert.rejects(copy.push(), CorruptObjectError)
      assert.deepEqual(await contents(namespace), { 'a/file': 'base', top: 'base' })
      assert.deepEqual(await files(root), { 'a/file': 'base', top: 'base' })
    })
  }

  test('that was lost costs a look at every file, and no more', async () => {
    const { namespace, copy, root } = await aCopyBesideAnother()
    await rm(join(root, '.runlet/copy/files'), { recursive: true })
    await write(root, { top: 'mine' })
    await namespace.put('a/file', 'theirs')
    assert.deepEqual((await copy.pull()).conflicts, ['a/file'])
    await copy.settle('theirs')
    await mkdir(root, { recursive: true })
    assert.deepEqual(await files(root), { 'a/file': 'theirs', top: 'mine' })
  })
})

describe('a file named like a property that every object has', () => {
  for (const path of ['__proto__', 'constructor', 'deep/toString', 'hasOwnProperty']) {
    test(`is pushed, pulled and kept in a conflict: ${path}`, async () => {
      const { namespace } = await aBucket()()
      const [root, other] = [aFolder(), aFolder()]
      const [copy, second] = [await namespace.workingCopy(root), await namespace.workingCopy(other)]
      await write(root, { [path]: 'base' })
      assert.equal((await copy.push()).put, 1)
      assert.equal((await second.pull()).written, 1)
      await write(other, { [path]: 'edited' })
      await namespace.put(path, 'theirs')
      assert.deepEqual((await second.pull()).conflicts, [path])
      await assert.rejects(second.push(), { code: 'ERR_RUNLET_CONFLICT' })
      assert.deepEqual(await second.status().then(({ conflicts }) => conflicts), [path])
      assert.equal(await readFile(join(other, path), 'utf8'), 'edited')
      assert.deepEqual((await second.settle('theirs')).conflicts, [])
      assert.equal(await readFile(join(other, path), 'utf8'), 'theirs')
    })
  }
})

describe('a folder that becomes a link out of the directory while a pull is under way', () => {
  for (const kind of ['added to', 'made in', 'removed from'] as const) {
    test(`is not followed: nothing is ${kind} what lies behind it`, async () => {
      const client = await aBucket()()
      const { namespace } = client
      const [root, elsewhere] = [aFolder(), aFolder()]
      const copy = await namespace.workingCopy(root)
      const names = Array.from({ length: 20 }, (_, i) => `a/${i}`)
      await write(elsewhere, { '3': large('not yours'), 'new/x': 'not yours' })
      const before = await files(elsewhere)
      if (kind === 'removed from') {
        await namespace.commit(tx => {
          for (const name of names) tx.put(name, large('old'))
          tx.put('b', large('old'))
        })
        await copy.pull()
      }
      await namespace.commit(tx => {
        for (const name of names) {
          if (kind === 'removed from') tx.delete(name)
          else tx.put(kind === 'made in' ? `a/deep/er/${name}` : name, large('new'))
        }
        tx.put('b', large('new'))
      })
      let fetched = 0
      client.failAt(({ operation, key, phase }) => {
        if (operation === 'get' && key.includes('/values/') && phase === 'before' && ++fetched === 19) {
          rmSync(join(root, 'a'), { recursive: true, force: true })
          symlinkSync(elsewhere, join(root, 'a'))
        }
        return false
      })
      await copy.pull().catch(error => assert.ok(error instanceof RunletError, String(error)))
      if (kind !== 'removed from') assert.ok(lstatSync(join(root, 'a')).isSymbolicLink())
      assert.deepEqual(await files(elsewhere), before)
    })
  }
})
