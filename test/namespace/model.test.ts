// Any sequence of writes, forks, folds, refreshes, discards and compactions reads back what a plain map says, also in a process
// that begins anew. Conflicts are settled by `theirs`, so that the map knows what comes out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Namespace, Run } from '../../lib/runlet.ts'
import { contents, World } from '../support/world.ts'

type Files = Map<string, string>

interface ModelRun {
  readonly run: Run
  base: Files
  /** What the run itself changed; undefined where it deleted. */
  readonly own: Map<string, string | undefined>
}

const PATHS = ['a', 'a/b', 'b', 'c/d/e', 'z']
const VALUES = ['1', '2', 'x'.repeat(5_000)]

const pathOf = fc.constantFrom(...PATHS)
const changeOf = fc.record({ path: pathOf, value: fc.option(fc.constantFrom(...VALUES), { nil: undefined }) })
const placeOf = fc.integer({ min: 0, max: 3 })
const stepOf = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      place: placeOf,
      changes: fc.array(changeOf, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('fork' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('fold' as const, 'refresh' as const, 'discard' as const),
      place: placeOf,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('compact' as const, 'many' as const) }) },
)
type Step = typeof stepOf extends fc.Arbitrary<infer T> ? T : never

class Model {
  readonly parent: Files = new Map()
  readonly runs: ModelRun[] = []
  private forks = 0
  private readonly namespace: Namespace

  constructor(namespace: Namespace) {
    this.namespace = namespace
  }

  async apply(step: Step): Promise<void> {
    if (step.kind === 'compact') await this.namespace.compact()
    else if (step.kind === 'many') await this.writeMany()
    else if (step.kind === 'fork') await this.fork()
    else if (step.kind === 'write') await this.write(step.place, step.changes)
    else if ('place' in step) await this.end(step.kind, step.place)
  }

  private async writeMany(): Promise<void> {
    await this.namespace.commit(tx => {
      for (let i = 0; i < 1_500; i++) tx.put(`many/${i}`, String(i))
    })
    for (let i = 0; i < 1_500; i++) this.parent.set(`many/${i}`, String(i))
  }

  private async fork(): Promise<void> {
    if (this.runs.length >= 3) return
    this.forks += 1
    const run = await this.namespace.fork(`r${this.forks}`, { onConflict: 'theirs' })
    this.runs.push({ run, base: new Map(this.parent), own: new Map() })
  }

  /** Place 0 is the parent; the others are runs, as far as there are so many. */
  private async write(place: number, changes: readonly { path: string; value: string | undefined }[]): Promise<void> {
    const target = this.runs[place - 1]
    const namespace = target?.run ?? this.namespace
    await namespace.commit(tx => {
      for (const { path, value } of changes) {
        if (value === undefined) tx.delete(path)
        else tx.put(path, value)
      }
    })
    for (const { path, value } of changes) {
      if (target) target.own.set(path, value)
      else set(this.parent, path, value)
    }
  }

  private async end(kind: 'fold' | 'refresh' | 'discard', place: number): Promise<void> {
    const target = this.runs[place - 1]
    if (!target) return
    await target.run[kind]()
    const { base, own } = target
    for (const [path, value] of own) {
      // A change that only says again what the run began with leaves the parent's change standing.
      const saysNothing = value === base.get(path)
      if (kind === 'fold' && !saysNothing) set(this.parent, path, value)
      if (kind === 'refresh' && saysNothing) own.set(path, this.parent.get(path))
    }
    if (kind === 'refresh') target.base = new Map(this.parent)
    else this.runs.splice(place - 1, 1)
  }

  async check(fresh: Namespace): Promise<void> {
    assert.deepEqual(await contents(fresh), sorted(this.parent))
    for (const { run, base, own } of this.runs) {
      const seen = new Map(base)
      for (const [path, value] of own) set(seen, path, value)
      assert.deepEqual(await contents(run), sorted(seen))
    }
  }
}

function set(files: Files, path: string, value: string | undefined): void {
  if (value === undefined) files.delete(path)
  else files.set(path, value)
}

const sorted = (files: Files) => Object.fromEntries([...files].sort(([a], [b]) => (a < b ? -1 : 1)))

test('a namespace and its runs read back what a plain map says, whatever was done to them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepOf, { minLength: 1, maxLength: 25 }), async steps => {
      const world = new World()
      await world.run(async () => {
        const model = new Model(await world.client().store.namespace('p', { create: true }))
        for (const step of steps) await model.apply(step)
        await model.check(await world.client().store.namespace('p'))
      })
    }),
    { numRuns: 40 },
  )
})
