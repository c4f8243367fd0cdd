// The races: many writers at one condition at the same moment. A store can pass every test of one writer at a time and fail
// these, when the condition and the write are two steps inside it.
import { z } from 'zod'
import { AmbiguousWrite } from '../../errors.ts'
import { Register } from '../register.ts'
import { type Bench, bytes, type Finding, fails, holds, isUndecided, OTHER_STORE, type Probe, textAt } from './probe.ts'

const ROUNDS = 3
const RACERS = 16
const LOOPS = 8
const INCREMENTS = 4

export const createRace: Probe = {
  name: 'create race',
  severity: 'required',
  without: 'two processes that begin at the same moment can both own the same run or lock',
  async run(bench) {
    for (let round = 0; round < ROUNDS; round++) {
      const problem = await raceToCreate(bench, bench.key(`create-race-${round}`))
      if (problem) return fails(problem, OTHER_STORE)
    }
    return holds(`of ${RACERS} creates at once exactly one happened, ${ROUNDS} times`)
  },
}

/** What was wrong with the outcome. One whose answer was lost may stand without having been told. */
async function raceToCreate(bench: Bench, key: string): Promise<string | undefined> {
  const racers = Array.from({ length: RACERS }, (_, i) => `racer ${i}`)
  const condition = { ifNoneMatch: '*' } as const
  const outcomes = await Promise.allSettled(racers.map(racer => bench.store.put(key, bytes(racer), { condition })))
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected' && !isUndecided(outcome.reason)) throw outcome.reason
  }
  const winners = racers.filter((_, i) => outcomes[i]?.status === 'fulfilled')
  if (winners.length > 1) return `of ${RACERS} creates at once ${winners.length} were acknowledged`
  const standing = racers.indexOf((await textAt(bench, key)) ?? '')
  if (standing === -1) return `of ${RACERS} creates at once none happened`
  const outcome = outcomes[standing]
  const wasTold = outcome?.status === 'fulfilled' || outcome?.reason instanceof AmbiguousWrite
  return wasTold ? undefined : `of ${RACERS} creates at once one stands whose writer was told that it lost`
}

const tallySchema = z.object({ write: z.string(), done: z.array(z.string()) })
type Tally = Register<z.infer<typeof tallySchema>>

export const swapRace: Probe = {
  name: 'swap race',
  severity: 'required',
  without: 'of two commits at the same moment one is lost without anybody being told',
  async run(bench) {
    const tally: Tally = new Register(bench.store, bench.key('swap-race'), tallySchema, bench.ambient)
    await tally.swap(undefined, { done: [] })
    await Promise.all(Array.from({ length: LOOPS }, (_, i) => incrementBy(bench, tally, `loop ${i}`)))
    return judge((await tally.read())?.value.done ?? [])
  },
}

async function incrementBy(bench: Bench, tally: Tally, name: string): Promise<void> {
  for (let i = 0; i < INCREMENTS; i++) await increment(bench, tally, `${name}, increment ${i}`)
}

/** Adds one entry. Should its answer be lost and others have come after it, the list itself says that it stood. */
async function increment({ ambient }: Bench, tally: Tally, entry: string): Promise<void> {
  for (;;) {
    const seen = await tally.read()
    if (seen?.value.done.includes(entry)) return
    const result = await tally.swap(seen, { done: [...(seen?.value.done ?? []), entry] })
    if (result.won) return
    await ambient.sleep(20 * ambient.random())
  }
}

function judge(done: readonly string[]): Finding {
  const wanted = LOOPS * INCREMENTS
  const kept = new Set(done).size
  if (kept < wanted) return fails(`${wanted - kept} of ${wanted} acknowledged increments were lost`, OTHER_STORE)
  if (done.length > wanted) return fails(`${done.length - wanted} increments happened twice`, OTHER_STORE)
  return holds(`${LOOPS} loops of ${INCREMENTS} increments at once lost none`)
}
