// A file where the other side has a folder of that name, changed on both sides: a conflict that can be settled either way, keeps
// nothing else from coming, and never an endless pull.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { InvalidArgumentError, PathCollisionError } from '../../lib/errors.ts'
import type { Namespace } from '../../lib/runlet.ts'
import type { WorkingCopy } from '../../lib/sync/working-copy.ts'
import { contents } from '../support/world.ts'
import { aBucket, aFolder, files, write } from './support.ts'

interface World {
  readonly namespace: Namespace
  readonly root: string
  readonly copy: WorkingCopy
}

/** A copy that was pulled when the namespace had these paths. */
async function aCopyOf(paths: readonly string[]): Promise<World> {
  const { namespace } = await aBucket()()
  await namespace.commit(tx => {
    for (const path of paths) tx.put(path, 'base')
  })
  const root = aFolder()
  const copy = await namespace.workingCopy(root)
  await copy.pull()
  return { namespace, root, copy }
}

describe('a file that was made a folder of here, while the namespace changed it,', () => {
  const inConflict = async (): Promise<World> => {
    const world = await aCopyOf(['a'])
    await rm(join(world.root, 'a'))
    await write(world.root, { 'a/mine': '1' })
    await world.namespace.put('a', 'theirs')
    assert.deepEqual((await world.copy.pull()).conflicts, ['a'])
    return world
  }

  test('is refused by name when theirs is to stand there, and nothing is written', async () => {
    const { copy, root } = await inConflict()
    await assert.rejects(copy.settle('theirs', ['a']), (error: PathCollisionError) => {
      assert.deepEqual(error.collisions, [['a/mine', 'a']])
      return error instanceof PathCollisionError
    })
    assert.deepEqual(await files(root), { 'a/mine': '1' })
    assert.deepEqual((await copy.status()).conflicts, ['a'])
  })

  test('comes once the folder was moved away', async () => {
    const { copy, root } = await inConflict()
    await rm(join(root, 'a'), { recursive: true })
    await copy.settle('theirs')
    assert.deepEqual(await files(root), { a: 'theirs' })
  })

  test('stays a folder when ours is to stand', async () => {
    const { copy, root, namespace } = await inConflict()
    await copy.settle('ours')
    await copy.push()
    assert.deepEqual(await files(root), { 'a/mine': '1' })
    assert.deepEqual(await contents(namespace), { 'a/mine': '1' })
  })
})

test('a file that was left out, and for which a folder stands, is refused by name', async () => {
  const { namespace } = await aBucket()()
  await namespace.put('a', '1')
  const root = aFolder()
  const copy = await namespace.workingCopy(root)
  await copy.pull({ skip: () => true })
  await write(root, { 'a/mine': '1' })
  await assert.rejects(copy.fetch('a'), PathCollisionError)
  await assert.rejects(copy.pull(), PathCollisionError)
  assert.deepEqual(await files(root), { 'a/mine': '1' })
})

test('a folder that appears while a pull is under way ends it by name', async () => {
  const { namespace } = await aBucket()()
  await namespace.put('big/a', 'x'.repeat(10_000))
  const root = aFolder()
  const copy = await namespace.workingCopy(root)
  const folder = join(root, 'big/a')
  const skip = (path: string) => {
    // Asked after room was found, before the file is put in place.
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'mine'), path)
    return false
  }
  await assert.rejects(copy.pull({ skip }), PathCollisionError)
  assert.deepEqual(await files(root), { 'big/a/mine': 'big/a' })
})

describe('a file that was changed here, while the namespace made a folder of it,', () => {
  const inConflict = async (): Promise<World> => {
    const world = await aCopyOf(['a', 'other'])
    await write(world.root, { a: 'mine' })
    await world.namespace.commit(tx => {
      tx.delete('a')
      tx.put('a/b', 'theirs')
      tx.put('z', 'theirs')
    })
    assert.deepEqual((await world.copy.pull()).conflicts, ['a', 'a/b'])
    return world
  }

  test('is a conflict, and keeps nothing else from coming', async () => {
    const { copy, root } = await inConflict()
    assert.deepEqual(await files(root), { a: 'mine', other: 'base', z: 'theirs' })
    assert.deepEqual((await copy.pull()).conflicts, ['a', 'a/b'])
  })

  test('gives way to theirs', async () => {
    const { copy, root } = await inConflict()
    await copy.settle('theirs')
    assert.deepEqual(await files(root), { 'a/b': 'theirs', other: 'base', z: 'theirs' })
    assert.deepEqual((await copy.pull()).conflicts, [])
  })

  test('stands when ours is to stand, and is pushed so', async () => {
    const { copy, namespace } = await inConflict()
    await copy.settle('ours')
    await copy.push()
    assert.deepEqual(await contents(namespace), { a: 'mine', other: 'base', z: 'theirs' })
    assert.deepEqual((await copy.pull()).conflicts, [])
  })

  test('is no conflict any more once it was moved away', async () => {
    const { copy, root } = await inConflict()
    await rm(join(root, 'a'))
    assert.deepEqual((await copy.pull()).conflicts, [])
    assert.deepEqual(await files(root), { 'a/b': 'theirs', other: 'base', z: 'theirs' })
  })
})

test('a folder of which a file was changed here, while the namespace made a file of it, is a conflict, and all else comes', async () => {
  const { namespace, root, copy } = await aCopyOf(['a/b', 'a/c'])
  await write(root, { 'a/b': 'mine' })
  await namespace.commit(tx => {
    tx.delete('a/b')
    tx.delete('a/c')
    tx.put('a', 'theirs')
    tx.put('z', 'theirs')
  })
  assert.deepEqual((await copy.pull()).conflicts, ['a', 'a/b'])
  assert.deepEqual(await files(root), { 'a/b': 'mine', z: 'theirs' })
  await copy.settle('theirs')
  assert.deepEqual(await files(root), { a: 'theirs', z: 'theirs' })
})

describe('settling', () => {
  test('refuses a path that is in no conflict, and settles nothing then', async () => {
    const { namespace, root, copy } = await aCopyOf(['a', 'b'])
    await write(root, { a: 'mine' })
    await namespace.put('a', 'theirs')
    await copy.pull()
    await assert.rejects(copy.settle('theirs', ['a', 'b']), (error: InvalidArgumentError) => {
      return error instanceof InvalidArgumentError && /"b" is in no conflict/.test(error.message)
    })
    assert.deepEqual((await copy.status()).conflicts, ['a'])
  })

  test('takes a folder for all that is in conflict below it', async () => {
    const { namespace, root, copy } = await aCopyOf(['d/1', 'd/2', 'd-3'])
    await write(root, { 'd/1': 'mine', 'd/2': 'mine', 'd-3': 'mine' })
    await namespace.commit(tx => {
      for (const path of ['d/1', 'd/2', 'd-3']) tx.put(path, 'theirs')
    })
    await copy.pull()
    assert.deepEqual((await copy.settle('theirs', ['d'])).conflicts, ['d-3'])
    assert.deepEqual(await files(root), { 'd/1': 'theirs', 'd/2': 'theirs', 'd-3': 'mine' })
  })
})
