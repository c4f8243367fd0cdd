// Faults that a test orders: which requests they hit, how often, and what happens to them.

export type FaultAction =
  /** The connection breaks before the request has any effect. */
  | 'drop-before'
  /** The request has its effect, and then the connection breaks without an answer. */
  | 'drop-after'
  /** The answer breaks off in the middle of its body. */
  | 'cut-short'
  /** 503 SlowDown, without effect. */
  | 'throttle'
  /** An error as the answer, by default instead of the effect. */
  | { readonly status: number; readonly code: string; readonly when?: 'before' | 'after' }
  /** A delay before the answer, on top of the server's latency. */
  | { readonly delayMs: number }

export interface FaultRule {
  readonly method?: string
  /** Matched against the key without the bucket. */
  readonly key?: RegExp
  /** How many matching requests pass before the first is hit. Default 0. */
  readonly skip?: number
  /** How many requests are hit. Default 1. */
  readonly count?: number
  readonly action: FaultAction
}

export class Faults {
  readonly #rules: Array<{ rule: FaultRule; skip: number; left: number }> = []

  add(rule: FaultRule): void {
    this.#rules.push({ rule, skip: rule.skip ?? 0, left: rule.count ?? 1 })
  }

  clear(): void {
    this.#rules.length = 0
  }

  /** What shall happen to this request. Counts it. */
  take(method: string, key: string): FaultAction | undefined {
    const hit = this.#rules.find(({ rule, left }) => {
      return left > 0 && (rule.method ?? method) === method && (rule.key?.test(key) ?? true)
    })
    if (!hit) return undefined
    if (hit.skip > 0) {
      hit.skip--
      return undefined
    }
    hit.left--
    return hit.rule.action
  }
}
