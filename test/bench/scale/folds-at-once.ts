// Many runs of 24 files each that are folded at the same moment, each by a process of its own.
import type { Run } from '../../../lib/runlet.ts'
import { runPaths } from '../index/history.ts'
import { kibibyte } from '../parents.ts'
import type { Base } from './base.ts'
import { commitSwaps } from './head-sample.ts'
import { ROWS } from './size.ts'
import { type Spread, spreadOf } from './spread.ts'
import { PARENT, ScaleWorld } from './world.ts'

export interface FoldsAtOnce {
  readonly folds: number
  readonly roundTripMs: number
  readonly writesASecond: number | undefined
}

export interface FoldsResult extends FoldsAtOnce {
  readonly failures: readonly string[]
  readonly ms: Spread
  /** Of the parent's head, with commits in them. */
  readonly swaps: number
  readonly requests: number
  readonly throttled: number
  /** The largest the parent's head became. */
  readonly headBytes: number
}

export async function measureFoldsAtOnce(base: Base, given: FoldsAtOnce): Promise<FoldsResult> {
  const world = new ScaleWorld({ ...given, base })
  return world.run(async () => {
    const runs: Run[] = []
    // A few at a time: only the folds are to be at once.
    for (let i = 0; i < given.folds; i += 20) {
      const some = Array.from({ length: Math.min(20, given.folds - i) }, (_, k) => filledRun(world, `r${i + k}`))
      runs.push(...(await Promise.all(some)))
    }
    world.reset()
    const seqBefore = (await world.process().store.namespace(PARENT).then(lastSeq)) ?? 0
    world.reset()
    const folded = await Promise.allSettled(runs.map(run => world.clock(() => run.fold())))
    const { requests, throttled, heads } = world.tally
    return {
      ...given,
      failures: folded.flatMap(one => (one.status === 'rejected' ? String(one.reason) : [])),
      ms: spreadOf(folded.flatMap(one => (one.status === 'fulfilled' ? one.value.ms : []))),
      swaps: commitSwaps(heads, seqBefore),
      requests,
      throttled,
      headBytes: Math.max(...heads.map(({ bytes }) => bytes)),
    }
  })
}

async function filledRun(world: ScaleWorld, id: string): Promise<Run> {
  const parent = await world.process().store.namespace(PARENT, { assumeExists: true })
  const run = await parent.fork(id)
  await Promise.all(runPaths(ROWS, id).map((path, i) => run.put(path, kibibyte(i))))
  await Promise.all([run.idle(), parent.idle()])
  return run
}

async function lastSeq(namespace: { log(): AsyncIterable<{ seq: number }> }): Promise<number | undefined> {
  for await (const { seq } of namespace.log()) return seq
  return undefined
}
