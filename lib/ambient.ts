// The process's surroundings: clocks, sleep and randomness. The only file that touches the real ones, so that simulation can
// run the very same protocol code under a simulated clock and a seeded random source. It knows nothing of runlet.
import { customAlphabet } from 'nanoid'

/** What the protocols may ask of their surroundings. Times are milliseconds. */
export interface Ambient {
  /** Wall clock, milliseconds since 1970. Never compared between machines. */
  now(): number
  /** A clock that never goes back. */
  monotonic(): number
  /**
   * Resolves after `ms`, or rejects with the signal's reason. A `background` sleep keeps no process alive.
   */
  sleep(ms: number, options?: { signal?: AbortSignal | undefined; background?: boolean }): Promise<void>
  /** A number in [0, 1). */
  random(): number
  /** 16 characters of a-z and 0-9 (82 bits), lower case so that case-insensitive file systems keep them apart. */
  randomId(): string
}

const lowerCaseId = customAlphabet('0123456789abcdefghijklmnopqrstuvwxyz', 16)

function sleep(ms: number, options: { signal?: AbortSignal | undefined; background?: boolean } = {}): Promise<void> {
  const { signal, background } = options
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    if (background) timer.unref()
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** The real clock and the real random source. */
export const systemAmbient: Ambient = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep,
  random: () => Math.random(),
  randomId: lowerCaseId,
}
