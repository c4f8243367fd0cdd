// A cache as a model: what lies in it, and what it has in common with the store, as maps. Says what a push and a pull move and what is
// in conflict, by comparing three values a path.

export interface Expected {
  readonly moved: number
  readonly conflicts: string[]
}

const isDerived = (path: string): boolean => path.startsWith('workflows-evaluated/')

export class CacheModel {
  /** Shared by the caches of one store. */
  readonly #store: Map<string, string>
  readonly #local = new Map<string, string>()
  readonly #base = new Map<string, string>()
  /** What a lazy pull left out: it is in common, and not here. */
  readonly #absent = new Set<string>()

  constructor(store: Map<string, string>) {
    this.#store = store
  }

  files(): Record<string, string> {
    return Object.fromEntries([...this.#local].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  write(path: string, value: string | null): void {
    if (value === null) this.#local.delete(path)
    else this.#local.set(path, value)
  }

  hydrate(path: string): boolean {
    if (this.#local.has(path)) return true
    if (!this.#store.has(path)) return false
    this.#take(path)
    return true
  }

  push(): Expected {
    const changed = this.#paths().filter(path => {
      const isLeftOut = this.#absent.has(path) && !this.#local.has(path)
      return !isLeftOut && this.#local.get(path) !== this.#base.get(path)
    })
    const conflicts: string[] = []
    const moving: string[] = []
    for (const path of changed) {
      const [local, base, theirs] = this.#sides(path)
      if (local === theirs) this.#agree(path)
      else if (theirs !== base && !isDerived(path)) conflicts.push(path)
      else moving.push(path)
    }
    if (conflicts.length > 0) return { moved: 0, conflicts }
    for (const path of moving) {
      set(this.#store, path, this.#local.get(path))
      this.#agree(path)
    }
    return { moved: moving.length, conflicts }
  }

  pull(isWanted: (path: string) => boolean, isLeftOut: (path: string) => boolean): Expected {
    const conflicts: string[] = []
    let moved = 0
    for (const path of this.#paths().filter(isWanted)) {
      const [local, base, theirs] = this.#sides(path)
      const isUnknown = local === undefined && (this.#absent.has(path) || base === undefined)
      if (isUnknown && theirs !== undefined && isLeftOut(path)) this.#leaveOut(path)
      else if (isUnknown && (theirs !== undefined || this.#absent.has(path))) {
        if (theirs !== undefined) moved += 1
        this.#take(path)
      } else if (local === theirs) this.#agree(path)
      else if (theirs === base) continue
      else if (local === base) {
        moved += 1
        this.#take(path)
      } else if (isDerived(path)) set(this.#base, path, theirs)
      else conflicts.push(path)
    }
    return { moved, conflicts }
  }

  takeTheirs(paths: readonly string[]): void {
    for (const path of paths) this.#take(path)
  }

  #paths(): string[] {
    return [...new Set([...this.#store.keys(), ...this.#local.keys(), ...this.#base.keys()])]
  }

  #sides(path: string): (string | undefined)[] {
    return [this.#local.get(path), this.#base.get(path), this.#store.get(path)]
  }

  #take(path: string): void {
    set(this.#local, path, this.#store.get(path))
    this.#agree(path)
  }

  #agree(path: string): void {
    set(this.#base, path, this.#local.get(path))
    this.#absent.delete(path)
  }

  #leaveOut(path: string): void {
    set(this.#base, path, this.#store.get(path))
    this.#absent.add(path)
  }
}

function set(map: Map<string, string>, path: string, value: string | undefined): void {
  if (value === undefined) map.delete(path)
  else map.set(path, value)
}
