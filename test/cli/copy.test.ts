// `runlet pull`, `push` and `status`: a directory that follows the namespace.
import assert from 'node:assert/strict'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { AT_ONCE, aFolder, aPlace, callRunlet } from './support.ts'

describe('a working copy', AT_ONCE, () => {
  test('brings what the namespace has, tells what was changed, and commits it', async () => {
    const place = await aPlace()
    await place.main.put('results/a', '1')
    await place.main.put('results/b', '1')
    const copy = join(await aFolder(), 'copy')
    const runlet = (...args: string[]) => callRunlet([...args, '--dir', copy], { cwd: place.folder })
    assert.equal((await runlet('pull')).code, 0)
    assert.equal(await readFile(join(copy, 'results/a'), 'utf8'), '1')
    await writeFile(join(copy, 'results/a'), '2')
    await writeFile(join(copy, 'new'), 'n')
    await rm(join(copy, 'results/b'))
    assert.equal((await runlet('status')).stdout, 'A new\nM results/a\nD results/b\n')
    const pushed = await runlet('push', '-m', 'from the copy', '--json')
    assert.deepEqual(JSON.parse(pushed.stdout), { seq: 3, put: 2, deleted: 1 })
    assert.equal((await runlet('status')).stdout, '')
    assert.equal(Buffer.from((await place.main.get('results/a')) ?? []).toString(), '2')
    assert.equal(await place.main.get('results/b'), undefined)
  })

  test('lists a conflict and exits 1, until it is settled', async () => {
    const place = await aPlace()
    await place.main.put('a', '1')
    const copy = await aFolder()
    const runlet = (...args: string[]) => callRunlet([...args, '--dir', copy], { cwd: place.folder })
    await runlet('pull')
    await writeFile(join(copy, 'a'), 'mine')
    await place.main.put('a', 'theirs')
    const pulled = await runlet('pull')
    assert.equal(pulled.code, 1)
    assert.match(pulled.stderr, /conflict: a /)
    assert.match((await runlet('status')).stdout, /^C a$/m)
    assert.equal((await runlet('push')).code, 1)
    assert.equal((await runlet('pull', '--theirs', 'a')).code, 0)
    assert.equal(await readFile(join(copy, 'a'), 'utf8'), 'theirs')
  })

  test('is found from a folder below it, and pushes only what is named', async () => {
    const place = await aPlace()
    const copy = join(place.folder, 'copy')
    await callRunlet(['pull', '--dir', 'copy'], { cwd: place.folder })
    await mkdir(join(copy, 'below'))
    await writeFile(join(copy, 'below', 'x'), '1')
    await writeFile(join(copy, 'other'), '1')
    const pushed = await callRunlet(['push', 'x'], { cwd: join(copy, 'below') })
    assert.deepEqual([pushed.code, pushed.stderr], [0, 'runlet: #1: 1 put, 0 deleted\n'])
    assert.equal(await place.main.get('other'), undefined)
  })

  test('settles what is named from the folder that one is in, and says what is in no conflict', async () => {
    const place = await aPlace()
    const copy = join(place.folder, 'copy')
    await place.main.commit(tx => {
      for (const path of ['below/x', 'below/deep/y', 'z']) tx.put(path, 'base')
    })
    await callRunlet(['pull', '--dir', 'copy'], { cwd: place.folder })
    await place.main.commit(tx => {
      for (const path of ['below/x', 'below/deep/y', 'z']) tx.put(path, 'theirs')
    })
    for (const path of ['below/x', 'below/deep/y', 'z']) await writeFile(join(copy, path), 'mine')
    const below = (...args: string[]) => callRunlet(['pull', ...args], { cwd: join(copy, 'below') })
    assert.equal((await below()).code, 1)
    const missed = await below('--theirs', 'z')
    assert.equal(missed.code, 2)
    assert.match(missed.stderr, /"below\/z" is in no conflict\. `runlet status`/)
    await below('--theirs', './x', 'deep')
    assert.equal(await readFile(join(copy, 'below/x'), 'utf8'), 'theirs')
    assert.equal(await readFile(join(copy, 'below/deep/y'), 'utf8'), 'theirs')
    assert.equal((await below('--ours', '../z')).code, 0)
    assert.equal(await readFile(join(copy, 'z'), 'utf8'), 'mine')
  })

  test('settled both ways at once, or pulled by path, is wrong usage', async () => {
    const place = await aPlace()
    for (const args of [
      ['pull', '--ours', '--theirs'],
      ['pull', 'a'],
    ]) {
      assert.equal((await callRunlet(args, { cwd: place.folder })).code, 2)
    }
  })
})
