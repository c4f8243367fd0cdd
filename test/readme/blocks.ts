// The code blocks of the pages that users read: README.md, lib/SECURITY.md, and every page of the examples. A block is what stands between two fences,
// whatever its language; one without an end is refused, for it would hide all that comes after it.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../support/programs.ts'

export interface Block {
  /** The page, from the project's folder. */
  readonly file: string
  /** Of the fence that opens it; the first is 1. */
  readonly line: number
  /** `sh`, `ts` and so on; empty where the fence names none. */
  readonly language: string
  readonly text: string
}

const OPENING = /^(\s*)(`{3,}|~{3,})\s*([^\s`]*)[^`]*$/

/** The blocks of a page in Markdown. */
export function blocksOf(file: string, markdown: string): Block[] {
  const blocks: Block[] = []
  let open: { fence: string; indent: number; block: Block } | undefined
  for (const [i, line] of markdown.split('\n').entries()) {
    if (open === undefined) {
      const [, indent = '', fence, language = ''] = OPENING.exec(line) ?? []
      if (fence) open = { fence, indent: indent.length, block: { file, line: i + 1, language, text: '' } }
    } else if (closes(line, open.fence)) {
      blocks.push(open.block)
      open = undefined
    } else {
      const text = `${open.block.text}${withoutIndent(line, open.indent)}\n`
      open = { ...open, block: { ...open.block, text } }
    }
  }
  assert.equal(open, undefined, `${file}:${open?.block.line}: a code block has no end`)
  return blocks
}

function closes(line: string, fence: string): boolean {
  const found = line.trim()
  return found.startsWith(fence) && found === fence.charAt(0).repeat(found.length)
}

const withoutIndent = (line: string, indent: number): string =>
  line.slice(0, indent).trim() === '' ? line.slice(indent) : line

/** README.md, the page about security, and the pages of the examples. */
export function allPages(): string[] {
  const examples = readdirSync(join(ROOT, 'examples'), { recursive: true, encoding: 'utf8' })
  const pages = ['README.md', join('lib', 'SECURITY.md')]
  return [...pages, ...examples.filter(name => name.endsWith('.md')).map(name => join('examples', name))].sort()
}

/** Their blocks, as the pages are now. */
export const allBlocks = (): Block[] =>
  allPages().flatMap(page => blocksOf(page, readFileSync(join(ROOT, page), 'utf8')))

/** Where a block stands, for messages and names of tests. */
export const placeOf = ({ file, line, language }: Block): string => `${file}:${line} (${language || 'no language'})`
