// The format of a working copy's own files: a copy that an earlier runlet made must still be followed.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import { parseNamespaceName, parsePath } from '../../lib/names.ts'
import { openStore, type Store } from '../../lib/runlet.ts'
import { CopyState } from '../../lib/sync/copy-state.ts'
import { notePush } from '../../lib/sync/pushing.ts'
import type { Turn } from '../../lib/sync/turn.ts'
import type { WorkingCopy } from '../../lib/sync/working-copy.ts'
import { ROOT } from '../support/programs.ts'

const GOLDEN = join(ROOT, 'test', 'formats', 'golden-copy.json')
const GOLDEN_PARTS = join(ROOT, 'test', 'formats', 'golden-copy-in-parts.json')
const FILES = { 'a.txt': 'a\n', 'folder/b.txt': 'b\n', 'folder/tool': '#!/bin/sh\n' }
/** What differs from machine to machine, and from run to run. */
const PLAIN: [RegExp, string][] = [
  [/"store":"[^"]*"/, '"store":"STORE"'],
  [/,\d+,\d+(\.\d+)?,\d+\]/g, ',SIZE,TIME,INODE]'],
  [/"etag":"[^"]*"/g, '"etag":"ETAG"'],
  [/"head":\{.*?\},"etag"/g, '"head":HEAD,"etag"'],
  [/"namespace":"parts-\d"/, '"namespace":"parts"'],
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

let copies = 0

/** A copy of which a part was pulled again later, in which a file was left out, and a path is in conflict. */
async function aCopyInParts(): Promise<{ directory: string; copy: WorkingCopy }> {
  const name = `parts-${++copies}`
  const namespace = await store.namespace(name, { create: true })
  await namespace.commit(tx => {
    for (const path of ['in/a.txt', 'in/b.txt', 'in/left.txt', 'out/c.txt']) tx.put(path, 'base\n')
  })
  const directory = join(place, name)
  const copy = await namespace.workingCopy(directory)
  await copy.pull({ skip: path => path.endsWith('left.txt') })
  await namespace.commit(tx => {
    for (const path of ['in/a.txt', 'out/c.txt']) tx.put(path, 'theirs\n')
  })
  await writeFile(join(directory, 'in/a.txt'), 'mine\n')
  await copy.pull({ prefixes: ['in/'], skip: path => path.endsWith('left.txt') })
  await namespace.put('out/d.txt', 'theirs\n')
  await copy.fetch('out/d.txt')
  return { directory, copy }
}

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

const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex')

const plainOf = (texts: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, plain(text)]))

const plain = (text: string): string => PLAIN.reduce((so, [pattern, by]) => so.replace(pattern, by), text)

describe('the files of a working copy', () => {
  test('are what they were', async () => {
    const directory = join(place, 'made')
    const copy = await (await store.namespace('p')).workingCopy(directory)
    await copy.pull()
    await copy.dispose()
    const made = plainOf(await stateOf(directory))
    if (process.env.UPDATE_GOLDEN) await writeFile(GOLDEN, `${JSON.stringify(made, null, 1)}\n`)
    assert.deepEqual(made, JSON.parse(await readFile(GOLDEN, 'utf8')))
  })

  test('are what they were where a part was pulled, files were left out, and both sides changed a path', async () => {
    const { directory, copy } = await aCopyInParts()
    const made = plainOf(await stateOf(directory))
    await copy.dispose()
    if (process.env.UPDATE_GOLDEN) await writeFile(GOLDEN_PARTS, `${JSON.stringify(made, null, 1)}\n`)
    assert.deepEqual(made, JSON.parse(await readFile(GOLDEN_PARTS, 'utf8')))
    const [state, entries] = [made['state.json'] ?? '', Object.values(made).join()]
    for (const field of ['"reached":', '"ahead":true', '"absent":true', '"conflicts":{"in/a.txt":{'])
      assert.ok(state.includes(field), `no ${field}`)
    assert.match(entries, /"in\/left.txt","[0-9a-f]{64}",0,"absent"\]/)
  })

  test('are what they were after a pull and a push that were killed, and are still made use of', async () => {
    const { directory, copy } = await aCopyInParts()
    const state = new CopyState(directory, systemAmbient)
    const side = { sha256: sha256Of('brought\n'), executable: true }
    await state.intend([{ path: parsePath('in/new.txt'), side }])
    await state.intend([{ path: parsePath('in/gone.txt'), side: undefined }])
    const row = {
      path: parsePath('in/b.txt'),
      sha256: side.sha256,
      size: 8,
      at: 1,
      author: 'a',
      seq: 0,
      in: parseNamespaceName('parts'),
    }
    await notePush({ state } as Turn, { commit: 'golden-commit', since: 1, rows: [row] })
    assert.deepEqual(
      await readFile(join(directory, '.runlet/copy/journal'), 'utf8'),
      [`["in/new.txt","${side.sha256}",1]\n`, '["in/gone.txt"]\n'].join(''),
    )
    assert.equal(
      await readFile(join(directory, '.runlet/copy/pushing.json'), 'utf8'),
      `{"format":1,"commit":"golden-commit","since":1,"sides":[["in/b.txt",{"sha256":"${side.sha256}","executable":false}]]}\n`,
    )
    // As a killed pull leaves it: the file is there, and nothing but the journal says whose it is.
    await writeFile(join(directory, 'in/new.txt'), 'brought\n', { mode: 0o755 })
    assert.deepEqual((await copy.status()).added, [])
    await copy.dispose()
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
