// What the fuzzing of all files here shares: how often each property is tried, and what it means that a reader did well.
import assert from 'node:assert/strict'
import { RunletError } from '../../lib/errors.ts'

/** Cases of each property. Together 100,000 in a run of `npm test`; RUNLET_FUZZ=10 tries ten times as many. */
export const CASES = {
  paths: 28_500,
  names: 12_000,
  'parts of names': 6_000,
  'store URLs': 8_000,
  configurations: 3_000,
  durations: 4_000,
  'fork keys': 6_000,
  'file-store keys': 8_000,
  'ours or not': 8_000,
  heads: 2_500,
  pins: 2_500,
  leases: 3_000,
  changes: 2_500,
  'history segments': 1_200,
  'queued intents': 800,
  'index files, their lines': 1_500,
  'index files, their bytes': 3_000,
  'namespaces, one object': 200,
  'namespaces, written to': 80,
  'garbage lists': 800,
  'notes of a sweep': 400,
  sweeps: 150,
  pulls: 120,
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
