// Seeds that failed once, with a word about what they found: they are simulated in every test run from then on. A seed stands for
// what it found only as long as plans and programs stay as they are; what matters of it has a test of its own, or a mutant.

export interface FoundSeed {
  readonly seed: number
  readonly found: string
}

export const foundSeeds: readonly FoundSeed[] = []
