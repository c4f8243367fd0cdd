// What is measured: how long the workflows waited for the store, by the clock around each call, and what the library had to do for
// that, from its diagnostics channel.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { RequestEvent } from 'runlet'

const KINDS = ['begin', 'write', 'end'] as const
type Kind = (typeof KINDS)[number]

export class Waits {
  readonly #ms: Record<Kind, number[]> = { begin: [], write: [], end: [] }
  readonly #startedAt = performance.now()
  #tookMs = 0
  #requests = 0
  #swaps = 0
  #refused = 0
  #queued = 0

  constructor() {
    subscribe('runlet:request', this.#count)
  }

  /** Stops counting. */
  close(): void {
    unsubscribe('runlet:request', this.#count)
    this.#tookMs = performance.now() - this.#startedAt
  }

  /** Times one call of the library. */
  async time<T>(kind: Kind, work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now()
    const value = await work()
    this.add(kind, performance.now() - startedAt)
    return value
  }

  add(kind: Kind, ms: number): void {
    this.#ms[kind].push(ms)
  }

  get figures() {
    const { begin, write, end } = this.#ms
    return {
      writes: write.length,
      p50Ms: percentile(write, 0.5),
      p99Ms: percentile(write, 0.99),
      maxMs: percentile(write, 1),
      totalMs: sum(write),
      beginMs: sum(begin),
      endMs: sum(end),
      requests: this.#requests,
      swaps: this.#swaps,
      refused: this.#refused,
      queued: this.#queued,
      tookMs: this.#tookMs,
    }
  }

  readonly #count = (message: unknown): void => {
    const { operation, key, outcome } = message as RequestEvent
    this.#requests += 1
    if (operation !== 'put') return
    if (key.endsWith('/_/head')) this.#swaps += 1
    if (key.endsWith('/_/head') && outcome !== 'ok') this.#refused += 1
    if (key.includes('/_/queue/')) this.#queued += 1
  }
}

export type Figures = Waits['figures']

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

/** The smallest value that this part of all does not exceed. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0
}
