// The format of a working copy's own files: a copy that an earlier runlet made must still be followed.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openStore, type Store } from '../../lib/runlet.ts'
import { ROOT } from '../support/programs.ts'

const GOLDEN = join(ROOT, 'test', 'formats', 'golden-copy.json')
const FILES = { 'a.txt': 'a\n', 'folder/b.txt': 'b\n', 'folder/tool': '#!/bin/sh\n' }
/** What differs from machine to machine, and from run to run. */
const PLAIN: [RegExp, string][] = [
  [/"store":"[^"]*"/, '"store":"STORE"'],
  [/,\d+,\d+(\.\d+)?,\d+\]/g, ',SIZE,TIME,INODE]'],
  [/"etag":"[^"]*"/, '"etag":"ETAG"'],
  [/"head":\{.*\},"etag"/, '"head":HEAD,"etag"'],
]

let place: string
let store: Store

before(async () => {
  place = await mkdtemp(join(tmpdir(), 'runlet-copy-format-'))
  store = await openStore(`file:${join(place, 'store')}`, { author: 'ada@golden' })
  const namespace = await store.namespace('p', { create: true })
  await namespace.commit(tx => {
    for (const [path, text] of Object.entries(FILES)) tx.put(path, text)
  })
})

after(async () => {
  await store.close()
  await rm(place, { recursive: true })
})

/** The state files of a copy as text, by their names. */
async function stateOf(directory: string): Promise<Record<string, string>> {
  const folder = join(directory, '.runlet', 'copy')
  const texts: Record<string, string> = {}
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    if (name.startsWith('turn') || name.startsWith('tmp')) continue
    const text = await readFile(join(folder, name), 'utf8').catch(() => undefined) // a folder
    if (text !== undefined) texts[name] = text
  }
  return texts
}

const plain = (text: string): string => PLAIN.reduce((so, [pattern, by]) => so.replace(pattern, by), text)

describe('the files of a working copy', () => {
  test('are what they were', async () => {
    const directory = join(place, 'made')
    const copy = await (await store.namespace('p')).workingCopy(directory)
    await copy.pull()
    await copy.dispose()
    const made = Object.entries(await stateOf(directory)).map(([name, text]) => [name, plain(text)])
    if (process.env.UPDATE_GOLDEN) await writeFile(GOLDEN, `${JSON.stringify(Object.fromEntries(made), null, 1)}\n`)
    assert.deepEqual(Object.fromEntries(made), JSON.parse(await readFile(GOLDEN, 'utf8')))
  })

  test('are still read: what they remember needs no second look, and what was edited is not overwritten', async () => {
    const directory = join(place, 'read')
    const golden: Record<string, string> = JSON.parse(await readFile(GOLDEN, 'utf8'))
    for (const [name, text] of Object.entries(golden)) {
      const real = text
        .replace('"STORE"', JSON.stringify(store.url))
        .replaceAll(',SIZE,TIME,INODE]', ',1,1,1]')
        .replace(',"head":HEAD,"etag":"ETAG"', '')
      await mkdir(dirname(join(directory, '.runlet', 'copy', name)), { recursive: true })
      await writeFile(join(directory, '.runlet', 'copy', name), real)
    }
    await mkdir(join(directory, 'folder'), { recursive: true })
    await writeFile(join(directory, 'a.txt'), 'edited here\n')
    await writeFile(join(directory, 'folder/b.txt'), FILES['folder/b.txt'])
    const copy = await (await store.namespace('p')).workingCopy(directory)
    const status = await copy.status()
    assert.deepEqual(status.modified, ['a.txt'])
    assert.deepEqual(status.added, [])
    assert.deepEqual(status.deleted, ['folder/tool'])
    const pushed = await copy.push()
    assert.deepEqual([pushed.put, pushed.deleted], [1, 1])
    await copy.dispose()
  })
})
