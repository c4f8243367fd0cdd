// One simulation: processes run random programs on the real protocol code while time, network and clocks are simulated; then the
// weather calms down, what was left is brought to its end, and what remains is checked.
import { Store } from '../../lib/runlet.ts'
import { MeteredStore } from '../../lib/store/metered-store.ts'
import { Actor } from './actor.ts'
import { checkEnd } from './ending.ts'
import { CALM, type Plan, planFor, RIGHT_CLOCK } from './plan.ts'
import { populate } from './programs/writes.ts'
import { chooseStep } from './programs.ts'
import { ROOT, Scene } from './scene.ts'

/** How often it is looked whether everybody gets on. */
const LOOK_MS = 60_000

/** How a simulation went that violated nothing. */
export interface Outcome {
  readonly seed: number
  /** Equal for two simulations in which the same happened at the same times. */
  readonly hash: string
  readonly simulatedMs: number
}

export interface SimulateOptions {
  /** Told of all that happens. */
  readonly onTrace?: ((line: string) => void) | undefined
}

/** Runs one seed. @throws Violation and whatever else went wrong, with the seed in its message */
export async function simulate(seed: number, { onTrace }: SimulateOptions = {}): Promise<Outcome> {
  return simulatePlan(planFor(seed), onTrace)
}

export async function simulatePlan(plan: Plan, onTrace?: (line: string) => void): Promise<Outcome> {
  const scene = new Scene(plan, onTrace)
  try {
    await scene.time.run(() => Promise.race([play(scene), scene.failed]))
  } catch (error) {
    const about = `seed ${plan.seed}, after ${Math.round(scene.time.elapsed)} ms: `
    throw new SimulationFailure(plan.seed, about + (error instanceof Error ? error.message : String(error)), error)
  }
  return { seed: plan.seed, hash: scene.digest(), simulatedMs: scene.time.elapsed }
}

/** Names the seed that shows it again. */
export class SimulationFailure extends Error {
  readonly seed: number

  constructor(seed: number, message: string, cause: unknown) {
    super(message, { cause })
    this.seed = seed
  }
}

async function play(scene: Scene): Promise<void> {
  const ambient = scene.time.ambient()
  await new Store(new MeteredStore(scene.store, ambient), ambient, 'maker').namespace(ROOT, { create: true })
  const founder = new Actor(scene, { name: 'founder', clock: RIGHT_CLOCK, climate: CALM, random: scene.random.fork() })
  await founder.perform(1, () => ({ name: 'populate', step: populate }))
  const { clocks, climate } = scene.plan
  const actors = clocks.map((clock, i) => {
    return new Actor(scene, { name: `process-${i}`, clock, climate, random: scene.random.fork() })
  })
  const all = performAll(scene, actors)
  await Promise.race([all, assertProgress(scene, actors)])
  await checkEnd(scene)
}

async function performAll(scene: Scene, actors: readonly Actor[]): Promise<void> {
  const { steps } = scene.plan
  await Promise.all(actors.map(actor => actor.perform(steps, () => chooseStep(actor.random))))
  for (const beside of scene.beside) await beside
}

/** Never resolves. */
async function assertProgress(scene: Scene, actors: readonly Actor[]): Promise<never> {
  for (;;) {
    await scene.time.ambient().sleep(LOOK_MS, { background: true })
    for (const actor of actors) actor.assertProgress()
  }
}
