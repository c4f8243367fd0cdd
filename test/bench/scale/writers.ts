// Processes that write one KiB after the other to the parent itself, without a run and without a pause: the worst that can be done to it.
import { kibibyte } from '../parents.ts'
import type { Base } from './base.ts'
import { commitSwaps } from './head-sample.ts'
import { type Spread, spreadOf } from './spread.ts'
import { PARENT, ScaleWorld } from './world.ts'

export interface Writers {
  readonly writers: number
  readonly roundTripMs: number
  readonly writesASecond: number | undefined
}

export interface WritersResult extends Writers {
  readonly failures: readonly string[]
  readonly ms: Spread
  readonly commitsASecond: number
  readonly swapsASecond: number
  readonly requestsAPut: number
  readonly headBytes: number
}

const FOR_MS = 20_000

export async function measureWriters(base: Base, given: Writers): Promise<WritersResult> {
  const world = new ScaleWorld({ ...given, base })
  const failures: string[] = []
  const took: number[] = []
  await world.run(async () => {
    const writeOn = async (_: unknown, writer: number) => {
      const parent = await world.process().store.namespace(PARENT, { assumeExists: true })
      for (let i = 0; world.time.elapsed < FOR_MS; i++) {
        const path = `direct/${writer}/${i}`
        await world
          .clock(() => parent.put(path, kibibyte(i)))
          .then(
            ({ ms }) => took.push(ms),
            error => failures.push(String(error)),
          )
      }
    }
    await Promise.all(Array.from({ length: given.writers }, writeOn))
  })
  const { heads, requests } = world.tally
  const seconds = world.time.elapsed / 1000
  const first = heads[0]?.seq ?? 0
  return {
    ...given,
    failures,
    ms: spreadOf(took),
    commitsASecond: took.length / seconds,
    swapsASecond: commitSwaps(heads, first - 1) / seconds,
    requestsAPut: requests / took.length,
    headBytes: Math.max(...heads.map(({ bytes }) => bytes)),
  }
}
