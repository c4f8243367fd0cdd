// A simulated process: it makes its steps one after the other, and is started anew when it was killed. What it was told is judged
// here: a typed error that its step can meet is an answer, anything else is a defect; and no step may take for ever (G6).
import { MissingObjectError, type RunletError } from '../../lib/errors.ts'
import { parseNamespaceName } from '../../lib/names.ts'
import { openNamespace } from '../../lib/namespace/namespace.ts'
import { signingOf } from '../../lib/run/run.ts'
import { Namespace, Store } from '../../lib/runlet.ts'
import { setGrace } from '../../lib/store/grace.ts'
import { MeteredStore } from '../../lib/store/metered-store.ts'
import { Life } from './life.ts'
import { Network } from './network.ts'
import type { Climate, Clock } from './plan.ts'
import type { Random } from './random.ts'
import { ROOT, type Scene } from './scene.ts'
import { hasEnded } from './space.ts'
import { isRunletError, Violation } from './violation.ts'

/** Longer than the longest chain of leases that a dead holder can leave behind, each with its time to live. */
const STEP_LIMIT_MS = 600_000

/** What a process may be told when others are at work and the network is bad. */
const ANSWERS = [
  'ERR_RUNLET_ABORTED',
  'ERR_RUNLET_AMBIGUOUS_WRITE',
  'ERR_RUNLET_CONFLICT',
  'ERR_RUNLET_LEASE_LOST',
  'ERR_RUNLET_LOCK_TIMEOUT',
  'ERR_RUNLET_NAMESPACE_SEALED',
  'ERR_RUNLET_OPEN_CHILDREN',
  'ERR_RUNLET_RUN_IN_USE',
  'ERR_RUNLET_RUN_NOT_FOUND',
  'ERR_RUNLET_STORE',
  'ERR_RUNLET_THROTTLED',
  'ERR_RUNLET_PRECONDITION_FAILED',
]
/** Only of who slept: what it was about to read or to refer to is gone. It can start over. */
const AFTER_A_PAUSE = ['ERR_RUNLET_WRITE_STALE', 'ERR_RUNLET_MISSING_OBJECT', 'ERR_RUNLET_CHANGE_REFUSED']

export type Step = (actor: Actor) => Promise<void>

export interface ActorOptions {
  readonly name: string
  readonly clock: Clock
  readonly climate: Climate
  readonly random: Random
}

export class Actor {
  readonly name: string
  readonly scene: Scene
  readonly random: Random
  /** Of the life that it is in. */
  life!: Life
  store!: Store
  root!: Namespace
  network!: Network
  private readonly options: ActorOptions
  private readonly weather: Random
  private step: { name: string; since: number; pausedMs: number; thoughtMs: number } | undefined

  constructor(scene: Scene, options: ActorOptions) {
    this.scene = scene
    this.name = options.name
    this.random = options.random
    this.weather = options.random.fork()
    this.options = options
  }

  /** Makes so many steps, in as many lives as it takes. */
  async perform(count: number, choose: () => { name: string; step: Step }): Promise<void> {
    for (let left = count; left > 0; ) {
      this.begin()
      const { life } = this
      const living = this.live(() => {
        left -= 1
        return left > 0 ? choose() : undefined
      }, choose())
      await Promise.race([living, life.died])
      if (left > 0) {
        left -= 1
        await this.scene.time.ambient().sleep(this.random.between(0, 30_000))
      }
    }
    this.step = undefined
  }

  /** Works on something for a while, which is not waiting. */
  async think(ms: number): Promise<void> {
    if (this.step) this.step.thoughtMs += ms
    await this.life.ambient.sleep(ms)
  }

  /** Does what may be refused; undefined when it was. */
  async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    const since = this.scene.time.elapsed
    try {
      return await work()
    } catch (error) {
      if (!isRunletError(error)) throw error
      const slept = this.scene.time.elapsed - since >= this.scene.plan.graceMs / 2
      const answers = ANSWERS.includes(error.code) || (slept && AFTER_A_PAUSE.includes(error.code))
      if (answers || this.ofAnEndedRun(error)) {
        this.scene.note(this.name, `was told ${error.code}`)
        return undefined
      }
      throw new Violation('G10', `${this.name} was told ${error.code}: ${error.message}`, { cause: error })
    }
  }

  /** @throws Violation when its step goes on for longer than everything that it can wait for. */
  assertProgress(): void {
    if (!this.step || this.life.isPaused) return
    const { name, since, pausedMs, thoughtMs } = this.step
    const tookMs = this.scene.time.elapsed - since - (this.life.pausedMs - pausedMs) - thoughtMs
    if (tookMs > STEP_LIMIT_MS) throw new Violation('G6', `${this.name} is at "${name}" for ${Math.round(tookMs)} ms`)
  }

  /** Whoever reads a run while another process ends it finds its pin gone. */
  private ofAnEndedRun(error: RunletError): boolean {
    if (!(error instanceof MissingObjectError)) return false
    const [, parent, child, fork] = /^ns\/(.+)\/_\/forks\/\d+~(.+)~(.+)$/.exec(error.key) ?? []
    const head = this.scene.witness.space(`${parent}/${child}`)?.latest?.head
    return head !== undefined && (hasEnded(head) || head.base?.fork !== fork)
  }

  /** A life begins: memory and caches are empty, clock and author are those of the machine. */
  private begin(): void {
    const { scene, name } = this
    const { clock, climate } = this.options
    this.life = new Life(scene.time, clock, { random: this.weather, hazards: climate })
    const around = { time: scene.time, life: this.life, climate, random: this.weather }
    this.network = new Network(scene.store, { ...around, note: line => scene.note(name, line) })
    const objects = new MeteredStore(this.network, this.life.ambient)
    setGrace(objects, scene.plan.graceMs)
    this.store = new Store(objects, this.life.ambient, name)
    const open = openNamespace(objects, parseNamespaceName(ROOT), this.life.ambient, scene.plan.bounds)
    this.root = new Namespace(open, name, signingOf(open.name, name, undefined))
    void this.life.died.then(() => scene.note(name, 'died'))
  }

  private async live(
    next: () => { name: string; step: Step } | undefined,
    first: { name: string; step: Step },
  ): Promise<void> {
    try {
      for (let chosen: ReturnType<typeof next> = first; chosen; chosen = next()) {
        const { step, name } = chosen
        this.scene.note(this.name, `begins ${name}`)
        this.step = { name, since: this.scene.time.elapsed, pausedMs: this.life.pausedMs, thoughtMs: 0 }
        await this.attempt(() => step(this))
        await this.attempt(() => this.root.idle())
        this.step = undefined
        await this.life.ambient.sleep(this.random.next() * this.scene.plan.restMs)
      }
    } catch (error) {
      this.scene.violated(error)
    }
  }
}
