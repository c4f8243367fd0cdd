// lib/README.md names files and functions of the code. Whether its links lead anywhere is looked at by `npm run check`; what it names
// besides, and what its links say is in a file, is looked at here.
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { ROOT } from '../support/programs.ts'

const text = await readFile(join(ROOT, 'lib', 'README.md'), 'utf8')

test('the architecture names only files that are there', async () => {
  const files = (await Promise.all(['lib', 'test'].map(filesIn))).flat()
  const named = [...text.matchAll(/`([\w./-]+\.ts)`/g)].map(([, name]) => name as string)
  assert.ok(named.length > 100)
  assert.deepEqual(
    named.filter(name => !files.some(file => `/${file}`.endsWith(`/${name}`))),
    [],
  )
})

test('the architecture names only functions that are in the file that it leads to', async () => {
  const links = [...text.matchAll(/\[`(?:\w+\.)?(\w+)`\]\(([\w./-]+\.ts)\)/g)].filter(([, name]) => name !== 'ts')
  assert.ok(links.length > 40)
  for (const [, name, file] of links) {
    const code = await readFile(join(ROOT, 'lib', file as string), 'utf8')
    assert.ok(
      new RegExp(`(function\\*? |const |^ {2}(private )?(async )?\\*?)${name}[(<: ]`, 'm').test(code),
      `${name} in ${file}`,
    )
  }
})

test('the architecture says of every folder of the library where to begin', async () => {
  const folders = new Set((await filesIn('lib')).map(file => dirname(relative('lib', file))))
  folders.delete('.')
  const rooms = text.slice(text.indexOf('## The rooms'), text.indexOf('## What to look in'))
  assert.deepEqual(
    [...folders].filter(folder => !rooms.includes(`\`${folder}/\``) && !rooms.includes(`](${folder}/`)),
    [],
  )
})

test('the architecture says of every folder of tests where to begin', async () => {
  const entries = await readdir(join(ROOT, 'test'), { withFileTypes: true })
  const folders = entries.filter(entry => entry.isDirectory()).map(({ name }) => name)
  const rooms = text.slice(text.indexOf('## The tests'), text.indexOf('**The simulation**'))
  assert.deepEqual(
    folders.filter(folder => !rooms.includes(`\`${folder}/\``)),
    [],
  )
})

async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(join(ROOT, folder), { recursive: true })
  return names.filter(name => name.endsWith('.ts')).map(name => join(folder, name))
}
