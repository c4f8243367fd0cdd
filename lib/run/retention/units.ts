// The units of a scope: what is known of each when all are weighed against each other. There may be hundreds of thousands, so where every
// file is a unit of its own they are columns of numbers beside the paths, in path order: an object for each would take three times the room.
import { compareBytes } from '../../names.ts'
import { chooseUnits, type Limits, type Unit } from './choose.ts'

/** Files that stay or go together. */
export interface MetUnit {
  readonly key: string
  readonly group: string
  goes: boolean
  /** Whether a file of it was deleted, or would have been. */
  isCounted: boolean
}

interface Met extends Pick<Unit, 'group' | 'number' | 'at' | 'bytes'> {
  readonly key: string
}

export interface Units {
  /** Takes a file of a unit. */
  meet(file: Met): void
  /** Says of each unit whether it goes; resolves to whether any does. */
  decide(limits: Limits, now: number): boolean
  get(key: string): MetUnit | undefined
}

/** Units of any files. */
export class KeyedUnits implements Units {
  readonly #units = new Map<string, MetUnit & Unit>()

  meet({ key, group, number, at, bytes }: Met): void {
    const unit = this.#units.get(key)
    if (!unit) {
      this.#units.set(key, { key, group, number, at, bytes, goes: false, isCounted: false })
      return
    }
    unit.at = Math.max(unit.at, at)
    unit.bytes += bytes
  }

  decide(limits: Limits, now: number): boolean {
    const going = chooseUnits([...this.#units.values()], limits, now)
    for (const unit of going) unit.goes = true
    return going.length > 0
  }

  get(key: string): MetUnit | undefined {
    return this.#units.get(key)
  }
}

/** Units of one file each, met in path order, whose keys are their paths. For limits that count nothing. */
export class FileUnits implements Units {
  readonly #paths: string[] = []
  readonly #at: number[] = []
  readonly #bytes: number[] = []
  #goes = new Uint8Array()

  meet({ key, at, bytes }: Met): void {
    this.#paths.push(key)
    this.#at.push(at)
    this.#bytes.push(bytes)
  }

  decide({ maxAgeMs, maxBytes }: Limits, now: number): boolean {
    this.#goes = new Uint8Array(this.#paths.length)
    let left = maxBytes === undefined ? 0 : this.#bytes.reduce((sum, bytes) => sum + bytes, 0) - maxBytes
    const order = Uint32Array.from(this.#paths.keys())
    if (maxBytes !== undefined) order.sort((a, b) => this.#atOf(a) - this.#atOf(b) || a - b)
    for (const i of order) {
      if (maxAgeMs !== undefined) this.#goes[i] = this.#atOf(i) < now - maxAgeMs ? 1 : 0
      // What takes no room would be deleted in vain.
      else if (left > 0 && this.#bytes[i] !== 0) {
        this.#goes[i] = 1
        left -= this.#bytes[i] as number
      }
    }
    return this.#goes.includes(1)
  }

  get(key: string): MetUnit | undefined {
    let [low, high] = [0, this.#paths.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (compareBytes(this.#paths[middle] as string, key) < 0) low = middle + 1
      else high = middle
    }
    return this.#paths[low] === key ? { key, group: '', goes: this.#goes[low] === 1, isCounted: false } : undefined
  }

  #atOf(i: number): number {
    return this.#at[i] as number
  }
}
