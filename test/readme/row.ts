// What all rows of the table have in common: which block they are about.
import assert from 'node:assert/strict'
import { allBlocks, type Block, placeOf } from './blocks.ts'

export interface Row {
  readonly language: string
  /** What stands in this block, and in no other one of the language. It says nothing of where the block stands. */
  readonly has: RegExp
}

const BLOCKS = allBlocks()

export const blocksWith = ({ language, has }: Row): Block[] =>
  BLOCKS.filter(block => block.language === language && has.test(block.text))

/** The block of a row; that it is the only one is part of what is tested. */
export function blockOf(row: Row): Block {
  const [block, ...others] = blocksWith(row)
  assert.ok(block, `no ${row.language || 'block without a language'} in README.md and the examples has ${row.has}`)
  assert.deepEqual(others.map(placeOf), [], `${row.has} is in ${placeOf(block)} and in others as well`)
  return block
}

/** What a test that executes a row is called: its first line, for the block may move. */
export const nameOf = (row: Row): string => {
  const [block] = blocksWith(row)
  return block ? `${block.file}: ${block.text.trim().split('\n')[0]}` : `${row.language} with ${row.has}`
}
