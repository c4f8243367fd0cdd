// Fetches what the changes of one swap will be compared by, before it is their turn: each is integrated into what the ones before it left,
// so one after the other, and a file that is asked for only then would cost all who wait a round trip. It decides nothing: a file that
// nobody looks at after all was fetched in vain.
import type { Change, RowSet } from './change.ts'
import type { NamespaceContext } from './context.ts'
import type { IndexRef, Layer, NewHead } from './head.ts'
import { rangesMeet } from './index-store.ts'
import { asLayer } from './integrate.ts'

/** So many changes are looked at ahead of the one whose turn it is. */
const CHANGES_AHEAD = 32

export class BatchAhead {
  readonly #context: NamespaceContext
  readonly #head: NewHead
  readonly #changes: readonly Change[]
  /** Where it stands: of those before `#reached` nothing is needed any more, of those before `#begun` all is on its way. */
  #reached = 0
  #begun = 0

  constructor(context: NamespaceContext, head: NewHead, changes: readonly Change[]) {
    this.#context = context
    this.#head = head
    this.#changes = changes
  }

  /** The next change is about to be integrated. */
  next(): void {
    if (this.#reached > 0) this.#forget(this.#reached - 1)
    this.#reached += 1
    const end = Math.min(this.#changes.length, this.#reached + CHANGES_AHEAD)
    for (; this.#begun < end; this.#begun++) {
      for (const ref of this.#toBeRead(this.#begun)) this.#context.index.fetchAhead(ref, this.#context.name)
    }
  }

  /** All are integrated, or none will be any more. */
  end(): void {
    for (let i = Math.max(0, this.#reached - 1); i < this.#begun; i++) this.#forget(i)
  }

  #forget(i: number): void {
    this.#context.index.giveUp(firstFiles(this.#changes[i]), this.#context.name)
  }

  /** The files in which the change's paths stand, if others may have touched the same paths. */
  #toBeRead(i: number): IndexRef[] {
    const change = this.#changes[i] as Change
    const files = firstFiles(change)
    if (files.length === 0) return []
    const own = change.sets.map(asLayer)
    const meets = (layer: Layer) => own.some(set => rangesMeet(set, layer))
    const isTouched =
      this.#head.layers.some(layer => layer.to > change.since && meets(layer)) ||
      this.#changes.slice(0, i).some(before => before.sets.some(set => meets(asLayer(set))))
    return isTouched ? files : []
  }
}

/** Whoever walks over a set asks for its other files in time (layers.ts). */
const firstFiles = (change: Change | undefined): IndexRef[] =>
  (change?.sets ?? []).flatMap((set: RowSet) => ('files' in set ? set.files.slice(0, 1) : []))
