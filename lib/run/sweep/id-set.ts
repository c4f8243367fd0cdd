// Which ids were met, in some 20 bytes each outside the heap: a sweep after a large clean-up meets hundreds of thousands, and strings in
// a Set would take ten times that of resident memory. An id is known by its last digits, which are random and worth 51 bits. Of two ids
// that share them the second counts as met: its object stays for a look for orphans.

const DIGITS = '-0123456789abcdefghijklmnopqrstuvwxyz'
/** The most that a double tells apart. */
const LAST = 10
const FIRST_SLOTS = 1024

export class IdSet {
  /** Open addressing; 0 is a free slot. Never more than half full. */
  #slots = new Float64Array(FIRST_SLOTS)
  #size = 0

  /** Adds an id, and says whether it is new. */
  add(id: string): boolean {
    const tag = tagOf(id)
    const at = placeOf(this.#slots, tag)
    if (this.#slots[at] === tag) return false
    this.#slots[at] = tag
    this.#size += 1
    if (this.#size * 2 > this.#slots.length) this.#grow()
    return true
  }

  #grow(): void {
    const larger = new Float64Array(this.#slots.length * 2)
    for (const tag of this.#slots) if (tag !== 0) larger[placeOf(larger, tag)] = tag
    this.#slots = larger
  }
}

/** The last digits as one number, which is not 0. */
function tagOf(id: string): number {
  let tag = 0
  for (const digit of id.slice(-LAST)) tag = tag * (DIGITS.length + 1) + DIGITS.indexOf(digit) + 1
  return tag
}

/** Where the tag is, or may be put. */
function placeOf(slots: Float64Array, tag: number): number {
  let at = tag % slots.length
  while (slots[at] !== 0 && slots[at] !== tag) at = (at + 1) % slots.length
  return at
}
