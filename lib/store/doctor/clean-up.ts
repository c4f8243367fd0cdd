// The doctor's clean-up: removes what this examination wrote, by the keys that were handed out as well as by a listing (either may be
// what is broken), and what an earlier one left that was killed. It names what it could not remove.
// Invariant: what another doctor may still be at work with stays. A doctor takes a minute; an hour old is left for good.
import type { ObjectStore } from '../object-store.ts'
import { type Finding, fails, holds } from './probe.ts'

/** Below it lies everything that doctors write. */
export const DOCTORS = 'doctor/'
const LEFT_MS = 60 * 60_000
const NAMED = 3

export async function cleanUp(store: ObjectStore, prefix: string, keys: ReadonlySet<string>): Promise<Finding> {
  const listed = await listBelow(store, DOCTORS).catch(() => [])
  const ours = listed.filter(({ key }) => key.startsWith(prefix)).map(({ key }) => key)
  const problem = await remove(store, [...new Set([...keys, ...ours])])
  const left = await leftOf(store, prefix, problem === undefined ? [] : [...keys])
  if (left.length > 0) return fails(nameThem(left, problem), `Delete what lies below "${prefix}" in the store`)
  // The newest of our objects tells the store's time: two clocks are never compared.
  const newest = Math.max(...listed.map(({ lastModified }) => lastModified))
  const old = listed.filter(({ key, lastModified }) => !key.startsWith(prefix) && lastModified < newest - LEFT_MS)
  const oldProblem = await remove(
    store,
    old.map(({ key }) => key),
  )
  if (oldProblem !== undefined) {
    return fails(
      `${nameThem(
        old.map(({ key }) => key),
        oldProblem,
      )}, of an earlier doctor`,
      `Delete what is old below "${DOCTORS}"`,
    )
  }
  const before = Number.isFinite(newest) ? newest - LEFT_MS : 0
  await store.abortUploads?.({ prefix: DOCTORS, before }).catch(() => 0) // who may not, was told by the check "unfinished uploads"
  const aside = old.length > 0 ? `, and ${old.length} that an earlier doctor left` : ''
  return holds(`what was written is deleted${aside}`)
}

/** What went wrong; undefined when nothing did. */
async function remove(store: ObjectStore, keys: readonly string[]): Promise<string | undefined> {
  if (keys.length === 0) return undefined
  try {
    await store.delete(keys)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** What is still there; where no listing can tell, what may be. */
async function leftOf(store: ObjectStore, prefix: string, before: readonly string[]): Promise<readonly string[]> {
  try {
    return (await listBelow(store, prefix)).map(({ key }) => key)
  } catch {
    return before
  }
}

async function listBelow(store: ObjectStore, prefix: string): Promise<{ key: string; lastModified: number }[]> {
  const entries: { key: string; lastModified: number }[] = []
  for await (const entry of store.list({ prefix })) if (entry.kind === 'object') entries.push(entry)
  return entries
}

function nameThem(keys: readonly string[], problem: string | undefined): string {
  const more = keys.length > NAMED ? ` and ${keys.length - NAMED} more` : ''
  const why = problem === undefined ? 'though that was acknowledged' : problem.replace(/\.$/, '')
  return `not deleted: ${keys.slice(0, NAMED).join(', ')}${more} (${why})`
}
