// The table is complete: nobody adds a block that nothing executes, and no row stays behind when its block has gone.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ROOT } from '../support/programs.ts'
import { allBlocks, allPages, blocksOf, placeOf } from './blocks.ts'
import { blockOf, blocksWith } from './row.ts'
import { ROWS } from './table.ts'

test('every code block of README.md and of the examples is in the table that says how it is executed', () => {
  const known = new Set(ROWS.flatMap(blocksWith).map(placeOf))
  const blocks = allBlocks()
  assert.ok(blocks.length > 20, `only ${blocks.length} blocks were found`)
  assert.deepEqual(
    blocks.map(placeOf).filter(place => !known.has(place)),
    [],
    'nothing executes these: give each a row in test/readme (see table.ts)',
  )
})

test('every row of the table is about one block', () => {
  for (const row of ROWS) blockOf(row)
})

test('every script of npm that a page names is in package.json', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const named = allPages().flatMap(page =>
    [...read(page).matchAll(/\bnpm run (\w+(:\w+)*)/g)].map(([, name = '']) => name),
  )
  assert.ok(named.length > 10)
  assert.deepEqual(
    named.filter(name => !(name in scripts)),
    [],
  )
})

const read = (page: string): string => readFileSync(join(ROOT, page), 'utf8')

describe('a page', () => {
  test('has a block between two fences, whatever their length and indent', () => {
    const page = [
      'text',
      '```sh',
      'ls',
      '```',
      '- item',
      '  ~~~~ts title',
      '  a',
      '  ```',
      '    b',
      '  ~~~~',
      '```',
      '```',
    ]
    assert.deepEqual(
      blocksOf('page.md', page.join('\n')).map(({ line, language, text }) => [line, language, text]),
      [
        [2, 'sh', 'ls\n'],
        [6, 'ts', 'a\n```\n  b\n'],
        [11, '', ''],
      ],
    )
  })

  test('has no block within a line', () => {
    assert.deepEqual(blocksOf('page.md', 'see ```a``` and\n```b```\n'), [])
  })

  test('with a block that has no end is refused', () => {
    assert.throws(() => blocksOf('page.md', 'text\n```sh\nls\n'), /page\.md:2: a code block has no end/)
  })
})
