// A user's story on an S3 store whose network and service fail in every way that they can: the requests in turn meet each fault, all of
// them meet faults at a rate, and several clients at once do. Whatever happens, a step succeeds or fails with a typed error in bounded time (G6, G10), what was
// acknowledged is there, nothing is applied twice, and everything is whole (G1, G2, G4, G5).
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { atRate, atRequest, CALM, canMeet, FAULTS, type Fault, LIES, type Passing } from '../support/fault-proxy.ts'
import { countTogether } from './crowd.ts'
import { assertNoUnfinishedUploads, type Bucket, openStage, type Stage } from './stage.ts'
import { type Actor, ALL_STEPS, CHAPTERS, check, type Outcome, type StepName, tell } from './story.ts'

export interface Troubles {
  readonly bucket: () => Bucket
  /** So many stories are told at a time: most of them wait. */
  readonly abreast: number
  /**
   * Of the requests that meet a fault in turn every so many do. Where it is more than 1 the faults share the requests among them, so
   * that each request still meets some fault of those that undo it, and some of those that only lose its answer.
   */
  readonly stride: number
  readonly seeds: readonly number[]
  /** How long a client waits on a silent connection where faults leave it silent: longer than the store itself ever is. */
  readonly patienceMs: number
}

export function faultSuite(name: string, troubles: Troubles): void {
  describe(name, { concurrency: troubles.abreast }, () => {
    const requests = new Requests(troubles)
    for (const seed of troubles.seeds) {
      test(`all faults, at a fourth of the requests (seed ${seed})`, t =>
        atARate(t, troubles, FAULTS, { seed, rate: 1 / 4 }))
      for (const fault of FAULTS) {
        test(`${fault}, at many requests (seed ${seed})`, t =>
          atARate(t, troubles, [fault], { seed, rate: LIES.includes(fault) ? 1 / 2 : 1 / 6 }))
      }
      for (const [kind, faults] of CROWDS) {
        test(`${CLIENTS} clients count together while a sixth of their requests meet ${kind} (seed ${seed})`, t =>
          together(t, troubles, faults, { kind, seed }))
      }
    }
    for (const chapter of Object.keys(CHAPTERS)) {
      for (const [i, fault] of FAULTS.entries()) {
        const turns = { fault, chapter, first: LIES.includes(fault) ? 0 : i % troubles.stride }
        test(`${fault}, at each request of "${chapter}" in turn`, t => eachInTurn(t, troubles, turns, requests))
      }
    }
  })
}

const CLIENTS = 3
const CROWDS: readonly (readonly [kind: string, faults: readonly Fault[]])[] = [
  ['lost answers', ['cut-after', 'cut-in-answer', 'error-after', 'hang-after']],
  ['old answers', LIES],
  ['any fault', FAULTS],
]

/** What each chapter asks of a store that is not in trouble. */
class Requests {
  private readonly troubles: Troubles
  private readonly known = new Map<string, Promise<readonly Passing[]>>()

  constructor(troubles: Troubles) {
    this.troubles = troubles
  }

  of(chapter: string): Promise<readonly Passing[]> {
    const known = this.known.get(chapter) ?? this.learn(chapter)
    this.known.set(chapter, known)
    return known
  }

  private async learn(chapter: string): Promise<readonly Passing[]> {
    const { before, steps } = CHAPTERS[chapter] ?? assert.fail()
    const stage = await openStage(this.troubles.bucket(), {
      prefix: `faults/${chapter}`,
      timeoutMs: timeoutFor(this.troubles, []),
    })
    const requests: Passing[] = []
    const actor: Actor = { store: stage.troubled, name: 'calm' }
    await tell(actor, before)
    stage.proxy.use(passing => void requests.push(passing))
    for (const [name, outcome] of await tell(actor, steps)) assert.equal(outcome, 'done', name)
    await stage.close()
    return requests
  }
}

/** Where nothing hangs nobody need give up: on a busy machine answers are late of their own accord. */
const timeoutFor = ({ patienceMs }: Troubles, faults: readonly Fault[]): number =>
  faults.some(fault => fault.startsWith('hang')) ? patienceMs : 20_000

interface Turns {
  readonly fault: Fault
  readonly chapter: string
  /** Of the requests that can meet the fault. */
  readonly first: number
}

async function eachInTurn(
  t: TestContext,
  troubles: Troubles,
  { fault, chapter, first }: Turns,
  requests: Requests,
): Promise<void> {
  const { before, steps } = CHAPTERS[chapter] ?? assert.fail()
  const candidates = (await requests.of(chapter)).filter(request => canMeet(fault, request))
  const stride = LIES.includes(fault) ? 1 : troubles.stride
  const prefix = `faults/${chapter}-${fault}`
  const stage = await openStage(troubles.bucket(), { prefix, timeoutMs: timeoutFor(troubles, [fault]) })
  const failures: string[] = []
  try {
    for (const { index } of candidates.filter((_, i) => i % stride === first)) {
      const actor: Actor = { store: stage.troubled, name: `n${index}` }
      stage.proxy.use(CALM)
      const calm = await tell(actor, before)
      stage.proxy.use(atRequest(index, fault))
      const told = await tell(actor, steps)
      await judge(stage, actor, new Map([...calm, ...told]), [fault]).catch(cause => {
        throw Object.assign(new Error(`request ${index}: ${stage.proxy.met.at(-1)?.request}`), { cause })
      })
      failures.push(...failuresOf(told).map(failure => `${index} ${failure}`))
    }
    await assertNoUnfinishedUploads(troubles.bucket(), prefix)
  } finally {
    await stage.close()
  }
  t.diagnostic(`${stage.proxy.met.length} of ${candidates.length} requests; failed: ${failures.join(', ') || 'none'}`)
}

async function atARate(
  t: TestContext,
  troubles: Troubles,
  faults: readonly Fault[],
  { seed, rate }: { seed: number; rate: number },
): Promise<void> {
  const prefix = `faults/rate-${faults.length}-${faults[0]}-${seed}`
  const stage = await openStage(troubles.bucket(), { prefix, timeoutMs: timeoutFor(troubles, faults) })
  try {
    stage.proxy.use(atRate(seed, rate, faults))
    const actor: Actor = { store: stage.troubled, name: 'p' }
    const startedAt = performance.now()
    const told = await tell(actor, ALL_STEPS)
    const ms = Math.round(performance.now() - startedAt)
    const { passed } = stage.proxy
    await judge(stage, actor, told, faults)
    await assertNoUnfinishedUploads(troubles.bucket(), prefix)
    const failures = failuresOf(told).join(', ') || 'none'
    t.diagnostic(`${stage.proxy.met.length} of ${passed} requests, ${ms} ms; failed: ${failures}`)
  } finally {
    await stage.close()
  }
}

async function together(
  t: TestContext,
  troubles: Troubles,
  faults: readonly Fault[],
  { kind, seed }: { kind: string; seed: number },
): Promise<void> {
  const prefix = `faults/together-${kind.replace(' ', '-')}-${seed}`
  const opening = Array.from({ length: CLIENTS }, () =>
    openStage(troubles.bucket(), { prefix, timeoutMs: timeoutFor(troubles, faults) }),
  )
  const stages = await Promise.all(opening)
  try {
    const clean = await stages[0]?.clean.namespace('p', { create: true })
    const handles = await Promise.all(stages.map(({ troubled }) => troubled.namespace('p')))
    for (const [i, { proxy }] of stages.entries()) proxy.use(atRate(seed * 100 + i, 1 / 6, faults))
    const told = await countTogether(handles, clean ?? assert.fail())
    const met = stages.reduce((sum, { proxy }) => sum + proxy.met.length, 0)
    t.diagnostic(`${told}; ${met} faults in ${stages.reduce((sum, { proxy }) => sum + proxy.passed, 0)} requests`)
  } finally {
    for (const { proxy } of stages) proxy.use(CALM)
    await Promise.all(stages.map(stage => stage.close()))
  }
}

const failuresOf = (outcomes: ReadonlyMap<StepName, Outcome>): string[] =>
  [...outcomes].filter(([, outcome]) => outcome !== 'done').map(([name, outcome]) => `${name} ${outcome}`)

/** What is there, by a clean connection. */
async function judge(
  { proxy, clean }: Stage,
  actor: Actor,
  outcomes: ReadonlyMap<StepName, Outcome>,
  faults: readonly Fault[],
): Promise<void> {
  proxy.use(CALM)
  await actor.parent?.idle()
  const found = await check(await clean.namespace(actor.name, { create: true }), outcomes)
  const honest = !faults.some(fault => LIES.includes(fault))
  if (outcomes.get('read') === 'done' && honest) assert.deepEqual(actor.read, found)
}
