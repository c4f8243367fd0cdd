// When a stat settles that a file is unchanged, and what is hashed because it does not.
import assert from 'node:assert/strict'
import { mkdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import { CopyState } from '../../lib/sync/copy-state.ts'
import { LocalFiles } from '../../lib/sync/local-files.ts'
import { isOurs } from '../../lib/sync/ours.ts'
import { type LocalChange, scanAll } from '../../lib/sync/scan.ts'
import { proving } from '../../lib/sync/stat.ts'
import { aBucket, aFolder, write } from './support.ts'

async function scan(root: string): Promise<{ changes: LocalChange[]; hashed: number }> {
  const [files, state] = [new LocalFiles(root, systemAmbient), new CopyState(root, systemAmbient)]
  const changes = await scanAll({ files, state, ambient: systemAmbient, prefix: '', includes: isOurs })
  await state.flush()
  return { changes, hashed: files.hashed }
}

const aStat = (mtimeMs: number) => ({ size: 1, mtimeMs, inode: 1, executable: false })

describe('a stat proves that a file is unchanged', () => {
  test('when the file is older than a few ticks of the clock', () => {
    assert.ok(proving(aStat(1_000_000.25), 1_000_050.25))
    assert.equal(proving(aStat(1_000_000.25), 1_000_050), undefined)
  })

  test('when it is two seconds older, where times are whole seconds', () => {
    assert.ok(proving(aStat(1_000_000), 1_002_000))
    assert.equal(proving(aStat(1_000_000), 1_001_999), undefined)
  })

  test('never when it is from the future', () => {
    assert.equal(proving(aStat(2_000_000.5), 1_000_000), undefined)
  })
})

describe('a scan hashes', () => {
  test('nothing of what was just pulled', async () => {
    const { namespace } = await aBucket()()
    await namespace.commit(tx => {
      for (let i = 0; i < 100; i++) tx.put(`d/${i}`, String(i))
    })
    const root = aFolder()
    await (await namespace.workingCopy(root)).pull()
    assert.deepEqual(await scan(root), { changes: [], hashed: 0 })
  })

  test('a file that was pulled and changed at once, though its size is as it was', async () => {
    const { namespace } = await aBucket()()
    await namespace.put('a', '1')
    const root = aFolder()
    await (await namespace.workingCopy(root)).pull()
    await write(root, { a: '2' })
    const { changes, hashed } = await scan(root)
    assert.deepEqual([changes.length, hashed], [1, 1])
  })

  test('a file that was pushed when it was just written again and again, until its time has passed', async () => {
    const { namespace } = await aBucket()()
    const root = aFolder()
    const copy = await namespace.workingCopy(root)
    await copy.pull()
    await write(root, { young: '1', old: '1' })
    await utimes(join(root, 'old'), 1_000_000.5, 1_000_000.5)
    await utimes(join(root, 'young'), 4e9, 4e9)
    await copy.push()
    assert.equal((await scan(root)).hashed, 1)
    assert.equal((await scan(root)).hashed, 1)
    await utimes(join(root, 'young'), 1_000_000.5, 1_000_000.5)
    assert.equal((await scan(root)).hashed, 1)
    assert.equal((await scan(root)).hashed, 0)
  })

  test('a file whose time was moved, and then no more', async () => {
    const { namespace } = await aBucket()()
    await namespace.put('a', '1')
    const root = aFolder()
    await (await namespace.workingCopy(root)).pull()
    await utimes(join(root, 'a'), 1_000_000.5, 1_000_000.5)
    assert.deepEqual(await scan(root), { changes: [], hashed: 1 })
    assert.deepEqual(await scan(root), { changes: [], hashed: 0 })
  })
})

test('the clock that files are judged by is the file system’s', async () => {
  const root = aFolder()
  await mkdir(root, { recursive: true })
  const skewed = { ...systemAmbient, now: () => 0 }
  const startedAt = await new LocalFiles(root, skewed).startedAt()
  assert.ok(Math.abs(startedAt - Date.now()) < 60_000)
})
