// The races: many writers at one condition at the same moment. A store can pass every test of one writer at a time and fail
// these, when the condition and the write are two steps inside it. The writers are the crew's (crew.ts).
import { Register } from '../register.ts'
import { MEMBERS } from './crew.ts'
import { type Bench, type Finding, fails, holds, OTHER_STORE, type Probe, textAt } from './probe.ts'
import { type Told, tallySchema } from './task.ts'

const MIN_ROUNDS = 3
const MAX_ROUNDS = 10
/** Rounds go on for so long: a gap between condition and write is seldom met at the first try. */
const ROUNDS_MS = 1_000
/** For each member of the crew. */
const RACERS = 4
const ENTRIES = 4

const racersOf = (member: number) => Array.from({ length: RACERS }, (_, i) => `racer ${member * RACERS + i}`)
const members = Array.from({ length: MEMBERS }, (_, i) => i)
const ALL = MEMBERS * RACERS

export const createRace: Probe = {
  name: 'create race',
  severity: 'required',
  without: 'two processes that begin at the same moment can both own the same run or lock',
  async run(bench) {
    const until = bench.ambient.monotonic() + ROUNDS_MS
    let round = 0
    for (; round < MIN_ROUNDS || (round < MAX_ROUNDS && bench.ambient.monotonic() < until); round++) {
      const problem = await raceToCreate(bench, bench.key(`create-race-${round}`))
      if (problem) return fails(problem, OTHER_STORE)
    }
    return holds(`of ${ALL} creates at once exactly one happened, ${round} times (${bench.crew.described})`)
  },
}

/** What was wrong with the outcome. One whose answer was lost may stand without having been told. */
async function raceToCreate(bench: Bench, key: string): Promise<string | undefined> {
  const tasks = members.map(member => ({ kind: 'create' as const, key, racers: racersOf(member) }))
  const outcomes = await bench.crew.all(tasks)
  const told: Record<string, Told> = Object.assign({}, ...outcomes.map(outcome => outcome.told))
  const winners = Object.keys(told).filter(racer => told[racer] === 'won')
  if (winners.length > 1) return `of ${ALL} creates at once ${winners.length} were acknowledged`
  const standing = await textAt(bench, key)
  if (standing === undefined) return `of ${ALL} creates at once none happened`
  return told[standing] === 'lost'
    ? `of ${ALL} creates at once one stands whose writer was told that it lost`
    : undefined
}

export const swapRace: Probe = {
  name: 'swap race',
  severity: 'required',
  without: 'of two commits at the same moment one is lost without anybody being told',
  async run(bench) {
    const key = bench.key('swap-race')
    const tally = new Register(bench.store, key, tallySchema, bench.ambient)
    await tally.swap(undefined, { done: [] })
    const tasks = members.map(member => {
      return { kind: 'tally' as const, key, racers: racersOf(member).slice(0, RACERS / 2), each: ENTRIES }
    })
    const outcomes = await bench.crew.all(tasks)
    const told = outcomes.flatMap(({ done }) => done)
    const retries = outcomes.reduce((sum, { lost }) => sum + lost, 0)
    return judge(told, (await tally.read())?.value.done ?? [], `${retries} swaps were refused on the way`)
  },
}

function judge(told: readonly string[], standing: readonly string[], aside: string): Finding {
  const kept = new Set(standing)
  const lost = told.filter(entry => !kept.has(entry)).length
  if (lost > 0) return fails(`${lost} of ${told.length} acknowledged increments were lost`, OTHER_STORE)
  if (standing.length > kept.size) return fails(`${standing.length - kept.size} increments happened twice`, OTHER_STORE)
  if (told.length === 0) return fails('of many swaps at once none went through in time', OTHER_STORE)
  const racers = (MEMBERS * RACERS) / 2
  return holds(`${told.length} increments by ${racers} at once are all there; ${aside}`)
}
