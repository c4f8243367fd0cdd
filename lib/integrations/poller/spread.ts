// Start times, spread: a dozen pollers that were installed or came up with the machine at the same moment must not start as one. Pure.
import { createHash } from 'node:crypto'

/** The same for a name always, and evenly distributed over names: from 0 up to 1. */
export function placeOfName(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE() / 2 ** 32
}

/** How long a start is put off: half of the jitter goes by the name, half by chance (`random` from 0 up to 1). */
export function delayOf({ name, jitterMs }: { name: string; jitterMs: number }, random: number): number {
  return Math.round((jitterMs * (placeOfName(name) + random)) / 2)
}
