// The history that leads to the commit: the commit itself, the log, and how many commits are whose.
import { git } from '../git.ts'
import { nameOf } from '../results.ts'
import type { Phase } from './phase.ts'

const LONGEST = 500
const FIELDS = ['hash', 'author', 'email', 'date', 'subject'] as const

export const history: Phase = {
  name: 'history',
  async examine({ folder }, results, signal) {
    const [commit, log, names] = await Promise.all([
      git(folder, ['log', '--max-count=1', '--format=%H%x00%aN%x00%aE%x00%aI%x00%s'], signal),
      git(folder, ['log', `--max-count=${LONGEST}`, '--format=%h %ad %s', '--date=short'], signal),
      git(folder, ['log', `--max-count=${LONGEST}`, '--format=%aN'], signal),
    ])
    const values = commit.split('\0')
    const authors = countedBy(names.split('\n'))
    await Promise.all([
      results.put('history/commit.json', Object.fromEntries(FIELDS.map((field, i) => [field, values[i] ?? '']))),
      results.put('history/log.txt', `${log}\n`),
      ...[...authors].map(([author, commits]) => results.put(authorPath(author), { author, commits })),
    ])
    return `${log.split('\n').length} commits by ${authors.size} authors`
  },
}

const authorPath = (author: string): string => `history/authors/${nameOf(author).replaceAll('/', '%2F')}.json`

export function countedBy(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}
