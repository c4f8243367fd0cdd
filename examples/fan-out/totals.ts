// Holds what the parent says against what the runs say they wrote. The parent is read through a handle of its own, which has
// seen nothing but the store.
import type { Namespace } from 'runlet'
import { type Account, folderOf, LOG } from './results.ts'

export interface Totals {
  readonly files: number
  readonly bytes: number
  /** Lines of the log. */
  readonly lines: number
}

export interface Comparison {
  readonly said: Totals
  readonly found: Totals
  /** What is missing, different or there too often; empty when all is well. */
  readonly problems: readonly string[]
}

export interface Contents {
  /** Size and SHA-256 by path. */
  readonly files: ReadonlyMap<string, { readonly size: number; readonly sha256: string }>
  readonly log: readonly string[]
}

/** Reads back everything that the runs are to have left. */
export async function readBack(parent: Namespace, accounts: readonly Account[]): Promise<Contents> {
  const files = new Map<string, { size: number; sha256: string }>()
  for (const { run } of accounts) {
    for await (const { path, size, sha256 = '' } of parent.list(folderOf(run))) {
      // The library refuses a value that is not what its SHA-256 says, so one that can be read is right.
      if (await parent.get(path)) files.set(path, { size, sha256 })
    }
  }
  return { files, log: linesOf(await parent.get(LOG)) }
}

export const linesOf = (log: Uint8Array | undefined): string[] =>
  log ? Buffer.from(log).toString().trimEnd().split('\n') : []

/** `before`: the lines that were in the log when the runs began. */
export function compare(accounts: readonly Account[], found: Contents, before: readonly string[]): Comparison {
  const said = new Map(accounts.flatMap(account => [...account.files]))
  const lines = [...before, ...accounts.flatMap(account => account.lines)]
  const problems = [...said].flatMap(([path, { sha256 }]) => {
    const there = found.files.get(path)
    return there?.sha256 === sha256 ? [] : [`${path} ${there ? 'is not what was written' : 'is missing'}`]
  })
  for (const path of found.files.keys()) if (!said.has(path)) problems.push(`${path} was written by nobody`)
  return {
    said: { ...sizesOf(said), lines: lines.length },
    found: { ...sizesOf(found.files), lines: found.log.length },
    problems: [...problems, ...problemsOfLog(lines, found.log)],
  }
}

/** Every line must be there just as often as it was written. */
function problemsOfLog(expected: readonly string[], found: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const line of expected) counts.set(line, (counts.get(line) ?? 0) + 1)
  for (const line of found) counts.set(line, (counts.get(line) ?? 0) - 1)
  return [...counts].flatMap(([line, count]) => {
    if (count === 0) return []
    return [`${LOG}: ${count > 0 ? 'a line is missing' : 'a line is there too often'}: ${line}`]
  })
}

function sizesOf(files: Contents['files']): Pick<Totals, 'files' | 'bytes'> {
  return { files: files.size, bytes: [...files.values()].reduce((sum, { size }) => sum + size, 0) }
}
