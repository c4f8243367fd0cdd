// Work of namespaces that goes on while nobody may be waiting for it, and that should be done before the process goes: closing a store waits
// for that of every namespace which was opened on it, of runs too.
import type { ObjectStore } from '../store/object-store.ts'

/** What goes on for one namespace. It keeps itself. */
export class Background {
  /** Aborted when the store is being closed and upkeep has had its time. */
  readonly closing = new AbortController()
  private readonly running = new Set<Promise<unknown>>()

  /** A failure is swallowed: whatever runs here is finished by somebody else when it is not finished here. */
  add(work: Promise<unknown>): void {
    const ended = work.catch(() => undefined).finally(() => this.running.delete(ended))
    this.running.add(ended)
  }

  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running)
  }
}

/** After how many more opened namespaces those that are gone are looked for. */
const FORGET_AFTER = 100

/** Of the namespaces of one store. Weakly: what is at work keeps itself, and a service may open namespaces for ever. */
class Backgrounds {
  private readonly all = new Set<WeakRef<Background>>()
  private forgetAt = FORGET_AFTER

  add(one: Background): void {
    this.all.add(new WeakRef(one))
    if (this.all.size < this.forgetAt) return
    for (const ref of this.all) if (!ref.deref()) this.all.delete(ref)
    this.forgetAt = 2 * this.all.size + FORGET_AFTER
  }

  alive(): Background[] {
    return [...this.all].flatMap(ref => ref.deref() ?? [])
  }
}

const byStore = new WeakMap<ObjectStore, Backgrounds>()

export function newBackground(store: ObjectStore): Background {
  const background = new Background()
  const others = byStore.get(store) ?? new Backgrounds()
  byStore.set(store, others)
  others.add(background)
  return background
}

/** Of all namespaces that were opened on the store, and that somebody still has. */
export const backgroundsOf = (store: ObjectStore): Background[] => byStore.get(store)?.alive() ?? []
