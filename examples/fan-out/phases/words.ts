// Lines, words and bytes of the whole tree: for each extension by itself, and for each file together in one commit.
import { extname } from 'node:path'
import { nameOf } from '../results.ts'
import type { Phase } from './phase.ts'
import { contentOf, filesOf } from './tree.ts'

export interface Count {
  readonly files: number
  readonly lines: number
  readonly words: number
  readonly bytes: number
}

const NOTHING: Count = { files: 0, lines: 0, words: 0, bytes: 0 }
/** A tree of more files than this is counted whole, but only its largest files get a result of their own. */
const MOST_FILES = 500

export const words: Phase = {
  name: 'words',
  async examine({ folder }, results, signal) {
    const counts = new Map<string, Count>()
    for (const file of await filesOf(folder, signal)) {
      const content = await contentOf(folder, file, signal)
      if (content) counts.set(file, countOf(content))
    }
    const largest = [...counts].sort(([, a], [, b]) => b.bytes - a.bytes).slice(0, MOST_FILES)
    const total = [...counts.values()].reduce(sum, NOTHING)
    const perFile = new Map(largest.map(([file, count]) => [`words/files/${nameOf(file)}.json`, count]))
    await Promise.all([...byExtension(counts)].map(([name, count]) => results.put(extensionPath(name), count)))
    await results.commit(perFile, `${perFile.size} word counts`)
    await results.put('words/total.json', { ...total, listed: perFile.size })
    return `${total.files} files, ${total.lines} lines, ${total.words} words`
  },
}

const extensionPath = (extension: string): string =>
  extension === '' ? 'words/without-extension.json' : `words/extensions/${nameOf(extension.slice(1))}.json`

function byExtension(counts: ReadonlyMap<string, Count>): Map<string, Count> {
  const sums = new Map<string, Count>()
  for (const [file, count] of counts) {
    const extension = extname(file).toLowerCase()
    sums.set(extension, sum(sums.get(extension) ?? NOTHING, count))
  }
  return sums
}

const sum = (a: Count, b: Count): Count => ({
  files: a.files + b.files,
  lines: a.lines + b.lines,
  words: a.words + b.words,
  bytes: a.bytes + b.bytes,
})

/** As `wc` counts; a file with a NUL near its beginning is binary, as git sees it, and has neither lines nor words. */
export function countOf(content: Buffer): Count {
  const bytes = content.length
  if (content.subarray(0, 8000).includes(0)) return { files: 1, lines: 0, words: 0, bytes }
  const text = content.toString()
  return { files: 1, lines: text.split('\n').length - 1, words: text.match(/\S+/g)?.length ?? 0, bytes }
}
