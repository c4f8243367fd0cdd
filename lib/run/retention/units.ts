// The units of a scope, by their keys. There may be hundreds of thousands: where every file is a unit they come in path order and are
// found by halving, for an index of them would take half of the memory.
import { compareBytes } from '../../names.ts'
import type { Unit } from './choose.ts'

/** Files that stay or go together, as they were met. */
export interface MetUnit extends Unit {
  readonly key: string
  goes: boolean
  /** Whether a file of it was deleted, or would have been. */
  isCounted: boolean
}

export class Units {
  readonly all: MetUnit[] = []
  readonly #byKey: Map<string, MetUnit> | undefined

  /** `inOrder`: they are added in the order of their keys. */
  constructor(inOrder: boolean) {
    this.#byKey = inOrder ? undefined : new Map()
  }

  add(unit: MetUnit): void {
    this.all.push(unit)
    this.#byKey?.set(unit.key, unit)
  }

  get(key: string): MetUnit | undefined {
    if (this.#byKey) return this.#byKey.get(key)
    const last = this.all.at(-1)
    if (!last || compareBytes(key, last.key) > 0) return undefined
    let [low, high] = [0, this.all.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (compareBytes((this.all[middle] as MetUnit).key, key) < 0) low = middle + 1
      else high = middle
    }
    const found = this.all[low] as MetUnit
    return found.key === key ? found : undefined
  }
}
