// Memory before speed, for commands that read much and hold little: V8 lets the heap grow to four times what is in use before it collects,
// which for a walk over a large index is nothing but rows that were read already.
import { setFlagsFromString } from 'node:v8'

/** Of what is in use after a collection, so much may come on top until the next one. */
const GROWTH_PERCENT = 60

/**
 * For the whole process, so for the command alone: a program that uses the library decides for itself. Who holds much all the time gives
 * a smaller `growthPercent`.
 */
export function keepHeapSmall({ growthPercent = GROWTH_PERCENT }: { growthPercent?: number } = {}): void {
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`)
}
