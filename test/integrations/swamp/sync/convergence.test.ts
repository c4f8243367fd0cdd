// Any sequence of marked writes, pushes and pulls of two caches, whole, scoped and lazy, with restarts that drop all memory, does what a
// model of three maps says: which files move, which are in conflict, and in the end both caches and the store have the same.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SyncConflictError } from '../../../../lib/integrations/swamp/sync/errors.ts'
import { CacheModel } from './cache-model.ts'
import { aWorld, type Process, type World } from './world.ts'

const SCOPES = ['m', 'other']
const PATHS = ['logs/a', 'data/t/m/n/latest', 'data/t/other/n/latest', 'workflows-evaluated/w']
/** Never removed alone, as in swamp: the content of a version, and what it says of it. */
const KEPT = ['data/t/m/n/1/raw', 'data/t/other/n/1/raw']

const side = fc.constantFrom(0, 1)
const value = fc.constantFrom('1', '2', 'x'.repeat(5_000))
const stepOf = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ side, path: fc.constantFrom(...PATHS), value: fc.option(value, { nil: null }) }),
  },
  { weight: 2, arbitrary: fc.record({ side, path: fc.constantFrom(...KEPT), value }) },
  {
    weight: 3,
    arbitrary: fc.record({ side, push: fc.constantFrom('one phase', 'two phases', 'with another between') }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ side, pull: fc.constantFrom('all', ...SCOPES), metadataOnly: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ side, mark: fc.constantFrom('', 'data', 'data/t/m/n/1/raw') }) },
  { weight: 1, arbitrary: fc.record({ side, hydrate: fc.constantFrom(...KEPT) }) },
  { weight: 1, arbitrary: fc.record({ side, restart: fc.constant(true) }) },
)
type Step = typeof stepOf extends fc.Arbitrary<infer T> ? T : never

const RUNS = Number(process.env.SYNC_RUNS ?? 12)
let stores = 0
const harness = { freshUrl: () => `memory:swamp-convergence-${++stores}`, close: async () => {} }

class Driver {
  readonly world: World
  readonly store = new Map<string, string>()
  readonly models: CacheModel[]
  readonly processes: Process[]

  constructor(world: World, processes: Process[]) {
    this.world = world
    this.processes = processes
    this.models = processes.map(() => new CacheModel(this.store))
  }

  async take(step: Step): Promise<void> {
    const [process, model] = [this.processes[step.side] as Process, this.models[step.side] as CacheModel]
    if ('path' in step) {
      model.write(step.path, step.value)
      await process.edit({ [step.path]: step.value })
    } else if ('push' in step) {
      await this.push(step.side, step.push)
    } else if ('pull' in step) {
      await this.pull(step.side, step.pull, step.metadataOnly)
    } else if ('mark' in step) {
      await process.service.markDirty({ relPath: step.mark })
    } else if ('hydrate' in step) {
      assert.equal(await process.service.hydrateFile(step.hydrate), model.hydrate(step.hydrate))
    } else {
      this.processes[step.side] = await this.world.process(String(step.side))
    }
    assert.deepEqual(await this.processes[step.side]?.files(), model.files())
  }

  async push(side: number, how: 'one phase' | 'two phases' | 'with another between'): Promise<void> {
    const { service } = this.processes[side] as Process
    const work = async () => {
      if (how === 'one phase') return service.pushChanged()
      const manifest = JSON.parse(JSON.stringify(await service.preparePush()))
      if (how === 'with another between') await this.push(1 - side, 'one phase')
      return service.commitPush(manifest)
    }
    await this.settled(side, work, model => model.push())
    assert.deepEqual(await this.world.stored(), Object.fromEntries(this.store))
  }

  async pull(side: number, what: string, metadataOnly = false): Promise<void> {
    const isScoped = SCOPES.includes(what)
    const context = isScoped ? { models: [{ modelType: 't', modelId: what }] } : undefined
    const isWanted = (path: string) => !isScoped || /^(data|outputs)\/t\/(\w+)\//.exec(path)?.[2] === what
    const { service } = this.processes[side] as Process
    await this.settled(
      side,
      () => service.pullChanged({ context, metadataOnly }),
      model => model.pull(isWanted, path => metadataOnly && path.endsWith('/raw')),
    )
  }

  /** Does it on both, and compares. What is in conflict is settled as the store has it. */
  async settled(
    side: number,
    work: () => Promise<number>,
    expect: (model: CacheModel) => { moved: number; conflicts: string[] },
  ): Promise<void> {
    const model = this.models[side] as CacheModel
    const answer = await work().catch(error => error)
    const { moved, conflicts } = expect(model)
    if (conflicts.length === 0) return assert.equal(answer, moved, String(answer?.stack ?? answer))
    assert.ok(answer instanceof SyncConflictError, `${answer?.stack ?? answer}, not ${conflicts}`)
    assert.deepEqual([...answer.paths].sort(), conflicts.sort())
    const { cachePath } = this.processes[side] as Process
    const copy = await (await this.world.namespace()).workingCopy(cachePath)
    await copy.settle('theirs')
    await copy.dispose()
    model.takeTheirs(conflicts)
  }
}

test('two caches converge, and do what a model says on the way', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepOf, { minLength: 10, maxLength: 30, size: 'max' }), async steps => {
      const world = await aWorld(harness)
      try {
        const driver = new Driver(world, [await world.process('0'), await world.process('1')])
        for (const step of steps) await driver.take(step)
        for (const one of [0, 1]) await driver.push(one, 'one phase')
        for (const one of [0, 1, 0, 1]) {
          await driver.pull(one, 'all')
          assert.equal(await driver.processes[one]?.service.pushChanged(), driver.models[one]?.push().moved)
        }
        const stored = await world.stored()
        for (const process of driver.processes) assert.deepEqual(await process.files(), stored)
        assert.deepEqual(stored, Object.fromEntries(driver.store))
      } finally {
        await world.close()
      }
    }),
    { numRuns: RUNS },
  )
})
