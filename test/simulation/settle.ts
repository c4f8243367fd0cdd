// What must become of a path that a run and its parent both have a word on: the library's rules (namespace/conflict.ts), said anew in
// a few lines over hashes. The programs write below prefixes that stand for conflict policies.
export const POLICIES = { 'log/**': 'union-lines', 'theirs/**': 'theirs' } as const

type Content = string | undefined

/** `lines`: both sides' lines must be in it. */
export type Settled = 'ours' | 'theirs' | 'lines' | 'conflict'

export function settled(
  path: string,
  { base, ours, theirs }: { base: Content; ours: Content; theirs: Content },
): Settled {
  if (theirs === base) return 'ours'
  if (ours === base || ours === theirs || path.startsWith('theirs/')) return 'theirs'
  if (path.startsWith('log/') && ours !== undefined && theirs !== undefined) return 'lines'
  return 'conflict'
}

/** What is wrong with a merged log, if anything: each line of both sides is to be in it, once. */
export function wrongLines(merged: string, sides: readonly string[]): string | undefined {
  const lines = linesOf(merged)
  const wanted = new Set(sides.flatMap(linesOf))
  const lost = [...wanted].filter(line => !lines.includes(line))
  if (lost.length > 0) return `lost the lines ${lost}`
  if (lines.length > wanted.size) return `has more lines than were written: ${lines}`
  return undefined
}

const linesOf = (text: string): string[] => text.split('\n').filter(Boolean)
