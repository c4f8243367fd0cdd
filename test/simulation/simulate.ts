// One seeded simulation: several processes run random programs on the real protocol code, on virtual time, while requests are
// delayed, lost before or after their effect and throttled, and processes are killed or paused for longer than their leases.
// Then the guarantees are checked from what each process was told.
import assert from 'node:assert/strict'
import { ConflictError, RunletError } from '../../lib/errors.ts'
import type { Namespace, Run } from '../../lib/runlet.ts'
import { type Client, contents, text, type Weather, World } from '../support/world.ts'

export interface Plan {
  readonly seed: number
  readonly processes: number
  readonly steps: number
  /** Chances for each request or step. */
  readonly lose: number
  readonly throttle: number
  readonly kill: number
  readonly pause: number
}

export function planFor(seed: number): Plan {
  const calm = seed % 4 === 0
  return {
    seed,
    processes: 2 + (seed % 5),
    steps: 14,
    lose: calm ? 0 : 0.01,
    throttle: calm ? 0 : 0.005,
    kill: seed % 3 === 0 ? 0.03 : 0,
    pause: seed % 5 === 0 ? 0.02 : 0,
  }
}

/** What a process was told of a set of paths that it wrote together. */
interface Claim {
  readonly paths: readonly string[]
  readonly value: string
  told: 'yes' | 'no' | 'unknown'
}

export class Simulation {
  readonly world: World
  private readonly plan: Plan
  private readonly claims: Claim[] = []
  private increments = { told: 0, unknown: 0 }
  private locked = { told: 0, unknown: 0 }
  private names = 0
  private readonly kept: string[] = []

  constructor(plan: Plan) {
    this.plan = plan
    this.world = new World({ seed: plan.seed * 7919 + 1 })
  }

  async run(): Promise<void> {
    await this.world.run(async () => {
      const calm = this.world.client()
      const first = await calm.store.namespace('p', { create: true })
      await first.put('counter', '0')
      await first.put('locked', '0')
      const programs = Array.from({ length: this.plan.processes }, (_, i) => this.process(i))
      await this.withinADay(Promise.all(programs), 'everybody finishes (G6)')
      await this.foldWhatWasKept(first)
      await this.check(first)
    })
  }

  private chance(probability: number): boolean {
    return this.world.time.random() < probability
  }

  private pick(count: number): number {
    return Math.floor(this.world.time.random() * count)
  }

  private async withinADay(work: Promise<unknown>, what: string): Promise<void> {
    const late = this.world.time
      .ambient()
      .sleep(86_400_000, { background: true })
      .then(() => assert.fail(what))
    await Promise.race([work, late])
  }

  /** A process that is started again when it is killed. */
  private async process(index: number): Promise<void> {
    for (let done = 0; done < this.plan.steps; ) {
      let client: Client | undefined
      let died = () => {}
      const death = new Promise<void>(resolve => {
        died = resolve
      })
      client = this.world.client({
        author: `process-${index}`,
        weather: this.weather(
          () => {
            client?.kill()
            died()
          },
          () => client,
        ),
      })
      const life = this.live(client, index, () => {
        done += 1
        return done < this.plan.steps
      })
      await Promise.race([life, death])
    }
  }

  private weather(kill: () => void, client: () => Client | undefined): Weather {
    const { plan } = this
    return async request => {
      await this.world.time.ambient().sleep(this.pick(20))
      if (this.chance(plan.kill / 10)) kill()
      if (this.chance(plan.pause / 10)) this.pauseFor(client(), 5_000 + this.pick(100_000))
      if (this.chance(plan.lose)) return 'lose'
      if (request.phase === 'before' && this.chance(plan.throttle)) return 'throttle'
      return 'pass'
    }
  }

  private pauseFor(client: Client | undefined, ms: number): void {
    client?.freeze()
    void this.world.time
      .ambient()
      .sleep(ms)
      .then(() => client?.thaw())
  }

  private async live(client: Client, index: number, next: () => boolean): Promise<void> {
    const opened = await this.attempt(() => client.store.namespace('p'))
    if (!opened) {
      if (next()) await this.live(client, index, next)
      return
    }
    do {
      await this.attempt(() => this.step(opened, client))
      await this.attempt(() => opened.idle())
    } while (next())
  }

  /** Typed errors are answers; anything else is a defect. */
  private async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof RunletError)) throw error
      assert.ok(!['ERR_RUNLET_CORRUPT_OBJECT', 'ERR_RUNLET_UNDECIDED'].includes(error.code), error.message)
      return undefined
    }
  }

  private async step(parent: Namespace, client: Client): Promise<void> {
    const kinds = [this.write, this.write, this.increment, this.runOnce, this.runOnce, this.lockedStep, this.look]
    const kind = kinds[this.pick(kinds.length)] ?? this.write
    if (this.chance(0.05)) await parent.compact()
    else await kind.call(this, parent, client)
  }

  private claim(count: number): Claim {
    this.names += 1
    const value = `v${this.names}`
    const paths = Array.from({ length: count }, (_, i) => `w/${this.pick(10)}/${this.names}-${i}`)
    const claim: Claim = { paths, value, told: 'unknown' }
    this.claims.push(claim)
    return claim
  }

  private async write(namespace: Namespace): Promise<void> {
    const claim = this.claim(1 + this.pick(4))
    await namespace.commit(tx => {
      for (const path of claim.paths) tx.put(path, claim.value.padEnd(this.chance(0.2) ? 6000 : 5, '.'))
    })
    claim.told = 'yes'
  }

  private async increment(namespace: Namespace): Promise<void> {
    this.increments.unknown += 1
    for (let tries = 0; tries < 30; tries++) {
      try {
        await namespace.commit(async tx => tx.put('counter', String(Number(text(await tx.get('counter'))) + 1)))
        this.increments.told += 1
        this.increments.unknown -= 1
        return
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error
      }
    }
    this.increments.unknown -= 1
  }

  private async lockedStep(namespace: Namespace, client: Client): Promise<void> {
    this.locked.unknown += 1
    await namespace.lock(
      'counter',
      async lock => {
        const seen = Number(text(await namespace.get('locked')))
        await client.ambient.sleep(this.pick(50))
        await namespace.put('locked', String(seen + 1), { lock })
        this.locked.told += 1
        this.locked.unknown -= 1
      },
      { ttlMs: 4_000, waitMs: 3_600_000 },
    )
  }

  private async runOnce(parent: Namespace, client: Client): Promise<void> {
    this.names += 1
    const id = `run-${this.names}`
    this.kept.push(id)
    const claim = this.claim(0)
    const paths = claim.paths as string[]
    const run = await parent.fork(id, { ttlMs: 5_000, onConflict: { 'log.txt': 'union-lines' } })
    try {
      await this.work(run, client, { id, claim, paths })
    } catch (error) {
      await run.release()
      throw error
    }
  }

  private async work(
    run: Run,
    client: Client,
    { id, claim, paths }: { id: string; claim: Claim; paths: string[] },
  ): Promise<void> {
    for (let i = 0; i < 3; i++) {
      const path = `w/${this.pick(10)}/${id}-${i}`
      await run.put(path, claim.value.padEnd(5, '.'))
      paths.push(path)
      if (this.chance(0.2)) await client.ambient.sleep(this.pick(2_000))
      if (this.chance(0.1)) await run.refresh()
    }
    await run.put('log.txt', `${text(await run.get('log.txt')).replace('(absent)', '')}${id}\n`)
    if (this.chance(0.15)) {
      await run.discard()
      claim.told = 'no'
      return
    }
    await run.fold()
    claim.told = 'yes'
  }

  /** A reader sees each set of paths whole or not at all. */
  private async look(namespace: Namespace): Promise<void> {
    const seen = new Set<string>()
    for await (const { path } of namespace.list('w/')) seen.add(path)
    for (const claim of this.claims) {
      const there = claim.paths.filter(path => seen.has(path)).length
      if (claim.told !== 'unknown') continue
      assert.ok(there === 0 || there === claim.paths.length || claim.paths.length < 3, `half of ${claim.paths}`)
    }
  }

  /** Runs whose owner died, or whose fold got no answer, are resumed and folded: that must change nothing that was folded. */
  private async foldWhatWasKept(parent: Namespace): Promise<void> {
    await this.world.time.ambient().sleep(3_600_000)
    const last = await parent.fork('last')
    await last.put('last', '1')
    await last.fold()
    for (const id of this.kept) {
      let run: Run
      try {
        run = await parent.resume(id)
      } catch (error) {
        if ((error as RunletError).code === 'ERR_RUNLET_RUN_NOT_FOUND') continue
        throw error
      }
      try {
        await run.fold()
      } catch (error) {
        if ((error as RunletError).code !== 'ERR_RUNLET_NAMESPACE_SEALED') throw error
      }
    }
  }

  private async check(parent: Namespace): Promise<void> {
    const all = await contents(parent)
    for (const claim of this.claims) {
      const there = claim.paths.filter(path => all[path]?.startsWith(claim.value))
      if (claim.told === 'yes') assert.deepEqual(there, claim.paths, 'an acknowledged write is there (G1)')
      if (claim.told === 'no') assert.deepEqual(there, [], 'a discarded run left nothing')
      assert.ok(
        there.length === 0 || there.length === claim.paths.length,
        `a commit is whole or absent (G2): ${claim.paths}`,
      )
    }
    this.checkCount('transactions lose no update (G4)', Number(all.counter), this.increments)
    this.checkCount('fenced holders lose no update (G7)', Number(all.locked), this.locked)
    const log = (all['log.txt'] ?? '').split('\n').filter(Boolean)
    assert.equal(new Set(log).size, log.length, 'a fold is applied once (G5)')
    const commits = []
    for await (const commit of parent.log()) commits.push(commit)
    assert.equal(new Set(commits.map(commit => commit.id)).size, commits.length, 'a commit is applied once (G5)')
    const origins = commits.flatMap(commit => commit.origin?.fork ?? [])
    assert.equal(new Set(origins).size, origins.length, 'a fold is applied once (G5)')
    assert.deepEqual(
      commits.map(commit => commit.seq),
      commits.map((_, i) => commits.length - i),
      'one history',
    )
    const waiting = this.world.keys('ns/p/_/queue/').filter(key => !this.world.peek(key).rejected)
    assert.deepEqual(waiting, [], 'nothing waits for ever (G6)')
  }

  private checkCount(what: string, found: number, { told, unknown }: { told: number; unknown: number }): void {
    assert.ok(found >= told && found <= told + unknown, `${what}: found ${found}, told ${told}, unknown ${unknown}`)
  }
}

/** Runs one seed; a failure names it. */
export async function simulate(seed: number): Promise<void> {
  try {
    await new Simulation(planFor(seed)).run()
  } catch (error) {
    throw new Error(`simulation failed with seed ${seed}: ${(error as Error).message}`, { cause: error })
  }
}
