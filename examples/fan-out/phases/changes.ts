// What the commit changed, against its first parent. A commit without one (the first, or the edge of a shallow clone) changed
// everything that it holds.
import { git } from '../git.ts'
import type { Phase } from './phase.ts'

export interface Change {
  readonly file: string
  /** Undefined for a binary file. */
  readonly added: number | undefined
  readonly removed: number | undefined
}

const SHOW = ['show', '--first-parent', '-m', '--no-renames', '--no-ext-diff', '--no-textconv', '--format=']

export const changes: Phase = {
  name: 'changes',
  async examine({ folder }, results, signal) {
    const [stat, numbers] = await Promise.all([
      git(folder, [...SHOW, '--stat=120'], signal),
      git(folder, [...SHOW, '--numstat', '-z'], signal),
    ])
    const files = parseNumstat(numbers)
    const sum = (of: (change: Change) => number | undefined) => files.reduce((total, one) => total + (of(one) ?? 0), 0)
    const summary = { files: files.length, added: sum(one => one.added), removed: sum(one => one.removed) }
    await Promise.all([
      results.put('changes/summary.json', summary),
      results.put('changes/stat.txt', `${stat}\n`),
      results.put('changes/files.ndjson', files.map(one => `${JSON.stringify(one)}\n`).join('')),
    ])
    return `${summary.files} files changed, +${summary.added} -${summary.removed}`
  },
}

/** `<added> TAB <removed> TAB <path> NUL` for each file; a dash for what has no lines. */
export function parseNumstat(output: string): Change[] {
  return output.split('\0').flatMap(entry => {
    const [, added, removed, file] = /^\n*(\d+|-)\t(\d+|-)\t(.+)$/s.exec(entry) ?? []
    if (file === undefined) return []
    return [{ file, added: numberOf(added), removed: numberOf(removed) }]
  })
}

const numberOf = (text: string | undefined) => (text === undefined || text === '-' ? undefined : Number(text))
