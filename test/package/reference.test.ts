// lib/api is made of the docstrings by `npm run docs`. Whether its links, and those of all other documents, lead anywhere is looked at
// by `npm run check`.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { execa } from 'execa'
import { ROOT } from '../support/programs.ts'

test('the API reference says what the docstrings say, and nothing that is exported is without one', async () => {
  const made = await mkdtemp(join(tmpdir(), 'runlet-docs-'))
  try {
    const docs = join(ROOT, '.docs')
    const { all } = await execa('typedoc', ['--out', made], { cwd: docs, preferLocal: true, all: true, reject: false })
    assert.match(all, /markdown generated/)
    assert.deepEqual(await textsIn(join(ROOT, 'lib', 'api')), await textsIn(made), 'out of date: npm run docs')
  } finally {
    await rm(made, { recursive: true, force: true })
  }
})

async function textsIn(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort()
  return Object.fromEntries(
    await Promise.all(names.map(async name => [name, await readFile(join(folder, name), 'utf8')] as const)),
  )
}
