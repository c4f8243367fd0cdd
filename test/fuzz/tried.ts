// What the fuzzing of all files here shares: how often each property is tried, and what it means that a reader did well.
import assert from 'node:assert/strict'
import { RunletError } from '../../lib/errors.ts'

/** Cases of each property. Together 100,000 in a run of `npm test`; RUNLET_FUZZ=10 tries ten times as many. */
export const CASES = {
  paths: 20_000,
  names: 10_000,
  'parts of names': 5_000,
  'store URLs': 5_000,
  configurations: 5_000,
  durations: 2_000,
  'fork keys': 3_000,
  'file-store keys': 3_000,
  'ours or not': 5_000,
  heads: 9_000,
  pins: 5_000,
  leases: 6_000,
  changes: 6_000,
  'history segments': 3_000,
  'queued intents': 2_000,
  'index files, their lines': 4_000,
  'index files, their bytes': 3_000,
  'entries of a copy': 3_000,
  'journals of a copy': 2_000,
  'headers of a copy': 500,
  'disk cache entries': 300,
  'namespaces, one object': 1_200,
  'namespaces, written to': 400,
  'copies, hostile rows': 300,
  'copies, hostile state': 200,
  'copies, planted links': 100,
} as const

export const runs = (of: keyof typeof CASES): { numRuns: number } => ({
  numRuns: Math.ceil(CASES[of] * Number(process.env.RUNLET_FUZZ ?? 1)),
})

const clean = Object.getOwnPropertyNames(Object.prototype).length

/** That nothing was put on what all objects share. */
export function assertUnpolluted(): void {
  assert.equal(Object.getOwnPropertyNames(Object.prototype).length, clean, 'the prototype of objects was changed')
}

/** That it is an error of ours with a message that can be shown: one line, not too long, nothing that speaks to a terminal. */
export function assertTyped(error: unknown, about?: string): asserts error is RunletError {
  if (!(error instanceof RunletError)) throw new Error('not an error of runlet', { cause: error })
  assert.ok(error.message.length < 4_000, `a message of ${error.message.length} characters`)
  assert.doesNotMatch(error.message, /[\p{Cc}\u2028\u2029]/u)
  if (about !== undefined) assert.ok('key' in error && error.key === about, `names not "${about}": ${error.message}`)
}

/** What it gives, or undefined when it was refused as it should be. */
export function tried<T>(act: () => T, about?: string): T | undefined {
  try {
    return act()
  } catch (error) {
    assertTyped(error, about)
    return undefined
  } finally {
    assertUnpolluted()
  }
}

/** The same of what takes time. */
export async function triedLater<T>(act: () => Promise<T>, about?: string): Promise<T | undefined> {
  try {
    return await act()
  } catch (error) {
    assertTyped(error, about)
    return undefined
  } finally {
    assertUnpolluted()
  }
}
