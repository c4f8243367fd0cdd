// Random programs: steps on a namespace and its runs, as fast-check draws and shrinks them. Small writes stay in the head; large
// ones, and wide deletes, make index files, of which tiny bounds make many.
import fc from 'fast-check'
import type { IndexBounds } from '../../../lib/namespace/index-store.ts'

/** A put, or without a value a delete. */
export interface Change {
  readonly path: string
  readonly value: string | undefined
}

/** `place` 0 is the namespace; the others are its open runs, as far as there are so many. */
export type Step = { readonly place: number } & (
  | { readonly kind: 'write'; readonly changes: readonly Change[] }
  | { readonly kind: 'fork' | 'fold' | 'refresh' | 'discard' | 'compact' }
)

export interface Program {
  readonly bounds: IndexBounds
  readonly steps: readonly Move[]
}

export interface Move {
  readonly step: Step
  /** The process dies around so many requests after the step began, each counted before and after its effect; 0: it lives. */
  readonly dieAfter: number
}

/** How many paths the wide writes are drawn from. */
const WIDE = 240

/** Paths whose order differs between bytes, UTF-16 and folders. */
const PATHS = ['a', 'a/b', 'a-b', 'b', 'c/d/e', 'z', 'ä/ö', '～', '😀', 'wide/0100']
/** The last is too large to lie in the index. */
const VALUES = ['', '1', '2', 'y'.repeat(3_000), 'x'.repeat(5_000)]

const wide = (i: number) => `wide/${String(i).padStart(4, '0')}`

/** What a listing is asked for: nothing below it, one file, a part of a name, a part of the wide files, everything. */
export const PREFIXES = ['', 'a', 'a/', 'nothing/', 'wide/', 'wide/00', 'wide/01', 'wide/0100', 'wide/0239x', '😀', 'ä']
/** What may or may not be there. */
export const ALL_PATHS: readonly string[] = [...PATHS, ...Array.from({ length: WIDE }, (_, i) => wide(i)), 'never']

const placeOf = fc.nat({ max: 4 })
const smallValueOf = fc.option(fc.constantFrom(...VALUES), { nil: undefined })
const changeOf = fc.record({ path: fc.constantFrom(...PATHS), value: smallValueOf })

/** Every `stride`th of a range of the wide paths, put or deleted. */
const rangeOf = fc
  .record({
    from: fc.nat({ max: WIDE - 1 }),
    count: fc.integer({ min: 1, max: WIDE }),
    stride: fc.constantFrom(1, 1, 2, 7, 40),
    value: fc.option(fc.constantFrom('', 'w', 'v'.repeat(400)), { nil: undefined, freq: 3 }),
  })
  .map(({ from, count, stride, value }) => {
    const changes: Change[] = []
    for (let i = from; i < Math.min(WIDE, from + count); i += stride) {
      changes.push({ path: wide(i), value: value === undefined ? undefined : `${i}${value}` })
    }
    return changes
  })

const writeOf = fc.record({
  kind: fc.constant('write' as const),
  place: placeOf,
  changes: fc.oneof(
    { weight: 3, arbitrary: fc.uniqueArray(changeOf, { minLength: 1, maxLength: 4, selector: change => change.path }) },
    { weight: 2, arbitrary: rangeOf },
  ),
})
const kindOf = (kind: 'fork' | 'fold' | 'refresh' | 'discard' | 'compact') =>
  fc.record({ kind: fc.constant(kind), place: placeOf })

const stepOf: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: writeOf },
  { weight: 3, arbitrary: kindOf('fork') },
  { weight: 3, arbitrary: kindOf('fold') },
  { weight: 2, arbitrary: kindOf('refresh') },
  { weight: 1, arbitrary: kindOf('discard') },
  { weight: 4, arbitrary: kindOf('compact') },
)

const moveOf: fc.Arbitrary<Move> = fc.record({
  step: stepOf,
  dieAfter: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 16 }) },
  ),
})

/** So small that a few hundred rows make shards on several levels, which split and join. */
const boundsOf: fc.Arbitrary<IndexBounds> = fc.record({
  maxRows: fc.integer({ min: 1, max: 12 }),
  maxBytes: fc.constantFrom(1, 900, 100_000),
  maxRefs: fc.integer({ min: 2, max: 5 }),
})

export const programOf: fc.Arbitrary<Program> = fc.record({
  bounds: boundsOf,
  steps: fc.array(moveOf, { minLength: 1, maxLength: 30, size: 'max' }),
})
