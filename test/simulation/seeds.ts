// Seeds that failed once, with a word about what they found: they are simulated in every test run from then on. A seed stands for
// what it found only as long as plans and programs stay as they are; what matters of it has a test of its own, or a mutant.

export interface FoundSeed {
  readonly seed: number
  readonly found: string
}

const EMPTIED_TOO_LATE = 'a run that had ended was emptied after the index was gone that its parent had adopted'
const EMPTIED_TOO_SOON = 'a run whose id was used before was emptied as soon as it had ended (sweep-hazards.test.ts)'

export const foundSeeds: readonly FoundSeed[] = [
  {
    seed: 3,
    found: 'a sweep looked for what was dropped in files that it had just deleted (sweep-after-crash.test.ts)',
  },
  {
    seed: 28,
    found: 'a fold that was killed left a sealed run that a run of its own kept open (cut-short-fold.test.ts)',
  },
  { seed: 30, found: 'the same, by another way' },
  { seed: 58, found: EMPTIED_TOO_LATE },
  { seed: 102, found: 'an answer that a swap had overtaken brought back an older head (overtaken.test.ts)' },
  {
    seed: 137,
    found: 'a fold that slept before its seal left its shard and its sign in emptied folders (sweep-hazards.test.ts)',
  },
  { seed: 203, found: EMPTIED_TOO_LATE },
  { seed: 211, found: EMPTIED_TOO_LATE },
  { seed: 285, found: EMPTIED_TOO_LATE },
  {
    seed: 395,
    found: 'a sweep took for dropped what another had seen in a newer head (sweep-hazards.test.ts)',
  },
  { seed: 477, found: EMPTIED_TOO_SOON },
  { seed: 784, found: EMPTIED_TOO_SOON },
]
