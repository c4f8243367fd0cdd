// Runs programs on the real library in a simulated world, beside the plain map, and compares the two. A process that dies is
// followed by another, which finds all of the last step or nothing of it, and finishes what has to be finished.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { OpenChildrenError, RunInUseError, RunNotFoundError } from '../../../lib/errors.ts'
import { parseNamespaceName } from '../../../lib/names.ts'
import { compact } from '../../../lib/namespace/compact.ts'
import type { IndexRef } from '../../../lib/namespace/head.ts'
import type { IndexBounds } from '../../../lib/namespace/index-store.ts'
import { createNamespace, type OpenNamespace, openNamespace } from '../../../lib/namespace/namespace.ts'
import { signingOf } from '../../../lib/run/run.ts'
import { Namespace, type Run } from '../../../lib/runlet.ts'
import { type Client, text, World } from '../../support/world.ts'
import { after, applies, EMPTY, type Files, filesOf, isRefused, nextId, type Plain, runAt } from './plain.ts'
import { ALL_PATHS, type Move, PREFIXES, type Program, type Step } from './steps.ts'

const NAME = 'p'
/** Runs live long on the virtual clock, and a dead one's successor waits for as long. */
const FORK = { onConflict: 'theirs', ttlMs: 60_000 } as const

export class Driver {
  readonly world = new World()
  /** How high the index has grown, and how often a process died. */
  levels = 0
  deaths = 0
  private plain: Plain = EMPTY
  private readonly bounds: IndexBounds
  private client: Client
  private root: Namespace
  private runs = new Map<string, Run>()
  private countdown = 0
  private died: () => void = () => {}

  constructor(bounds: IndexBounds) {
    this.bounds = bounds
    this.client = this.newClient()
    this.root = this.handle()
  }

  run({ steps }: Program): Promise<void> {
    return this.world.run(async () => {
      await createNamespace(this.open(this.client, NAME))
      for (const move of steps) if (applies(this.plain, move.step)) await this.move(move)
      await this.check()
    })
  }

  private async move({ step, dieAfter }: Move): Promise<void> {
    const death = new Promise<'died'>(resolve => {
      this.died = () => resolve('died')
    })
    // Who dies in a fold that would be refused leaves the run sealed for good (test/run/nested-runs.test.ts): no map says that.
    this.countdown = isRefused(this.plain, step) ? 0 : dieAfter
    const done = this.perform(step)
    const ended = await Promise.race([done, death])
    this.countdown = 0
    if (ended === 'died') await this.succeed(step)
    this.plain = after(this.plain, step)
    this.levels = Math.max(this.levels, this.height())
    if (ended === 'died') await this.check()
  }

  private async perform(step: Step): Promise<void> {
    const run = this.runOf(runAt(this.plain, step.place)?.id)
    const target = run ?? this.root
    if (isRefused(this.plain, step)) return assert.rejects(this.end(step, run), OpenChildrenError)
    if (step.kind === 'write') await write(target, step.changes)
    else if (step.kind === 'compact') await compact(this.open(this.client, target.name))
    else if (step.kind === 'fork') this.runs.set(nextId(this.plain), await target.fork(nextId(this.plain), FORK))
    else await this.end(step, run)
    await target.idle()
  }

  private async end({ kind }: Step, run: Run | undefined): Promise<void> {
    if (kind === 'fold') await run?.fold()
    else if (kind === 'discard') await run?.discard()
    else if (kind === 'refresh') await run?.refresh()
  }

  /** A new process takes the runs over, finds all of the step or nothing of it, and leaves all of it. */
  private async succeed(step: Step): Promise<void> {
    this.deaths += 1
    this.client = this.newClient()
    this.root = this.handle()
    this.runs = new Map()
    const [before, then] = [this.plain, after(this.plain, step)]
    const isEnd = step.kind === 'fold' || step.kind === 'discard'
    for (const { id, parent } of isEnd ? before.runs : then.runs) {
      const run = await this.resume(id, this.runOf(parent) ?? this.root)
      if (run) this.runs.set(id, run)
      else assert.ok(id === runAt(before, step.place)?.id || step.kind === 'fork', `run ${id} is gone`)
    }
    await this.assertAllOrNothing(before, then)
    const ended = isEnd && !this.runs.has(runAt(before, step.place)?.id ?? '')
    const begun = step.kind === 'fork' && this.runs.has(nextId(before))
    if (!ended && !begun) await this.perform(step)
  }

  private async assertAllOrNothing(before: Plain, then: Plain): Promise<void> {
    // A run that the step may have ended can no longer be read: what it stood on may be gone.
    const open = then.runs.map(run => run.id).filter(id => this.runs.has(id))
    for (const id of [undefined, ...open]) {
      const found = await everything(this.runOf(id) ?? this.root)
      const allowed = [before, then]
        .filter(plain => id === undefined || plain.runs.some(run => run.id === id))
        .map(plain => sorted(filesOf(plain, id)))
      const [first, last] = [allowed[0], allowed.at(-1)]
      if (JSON.stringify(found) !== JSON.stringify(first))
        assert.deepEqual(found, last, `half of a step in ${id ?? NAME}`)
    }
  }

  private async resume(id: string, parent: Namespace): Promise<Run | undefined> {
    for (;;) {
      try {
        return await parent.resume(id, FORK)
      } catch (error) {
        if (error instanceof RunNotFoundError) return undefined
        if (!(error instanceof RunInUseError)) throw error
        await this.client.ambient.sleep(10_000)
      }
    }
  }

  /** Compares all that can be read with the plain map: by this process, and by one that begins anew. */
  private async check(): Promise<void> {
    const reader = await this.newClient().store.namespace(NAME)
    await Promise.all([same(reader, this.plain.files), same(this.root, this.plain.files)])
    for (const { id } of this.plain.runs) {
      const run = this.runOf(id)
      if (run) await same(run, filesOf(this.plain, id))
    }
  }

  private runOf(id: string | undefined): Run | undefined {
    return id === undefined ? undefined : this.runs.get(id)
  }

  private height(): number {
    const layers: { files?: IndexRef[] }[] = this.world.peek(`ns/${NAME}/_/head`).layers
    return Math.max(0, ...layers.flatMap(layer => layer.files?.map(file => file.level) ?? []))
  }

  private newClient(): Client {
    const client = this.world.client({
      weather: () => {
        if (client !== this.client || this.countdown === 0) return 'pass'
        this.countdown -= 1
        if (this.countdown === 0) {
          client.kill()
          this.died()
        }
        return 'pass'
      },
    })
    return client
  }

  private handle(): Namespace {
    const open = this.open(this.client, NAME)
    return new Namespace(open, 'somebody', signingOf(open.name, 'somebody', undefined))
  }

  private open(client: Client, name: string): OpenNamespace {
    return openNamespace(client.objects, parseNamespaceName(name), client.ambient, this.bounds)
  }
}

async function write(namespace: Namespace, changes: readonly { path: string; value: string | undefined }[]) {
  await namespace.commit(tx => {
    for (const { path, value } of changes) {
      if (value === undefined) tx.delete(path)
      else tx.put(path, value)
    }
  })
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

const sorted = (files: Files): [string, string][] => [...files].sort(([a], [b]) => byBytes(a, b))

const sha256 = (value: string): string => createHash('sha256').update(value).digest('hex')

async function everything(namespace: Namespace): Promise<[string, string][]> {
  const paths: string[] = []
  for await (const { path } of namespace.list()) paths.push(path)
  return Promise.all(paths.map(async path => [path, text(await namespace.get(path))] as [string, string]))
}

/** What can be asked of a namespace, against the map: every path, there or not, and listings by prefix in order. */
async function same(namespace: Namespace, files: Files): Promise<void> {
  const what = namespace.name
  assert.deepEqual(await everything(namespace), sorted(files), what)
  await Promise.all(
    ALL_PATHS.map(async path => {
      const [value, stat] = await Promise.all([namespace.get(path), namespace.stat(path)])
      const expected = files.get(path)
      assert.equal(value && text(value), expected, `get ${path} of ${what}`)
      assert.equal(stat?.sha256, expected === undefined ? undefined : sha256(expected), `stat ${path} of ${what}`)
      assert.equal(stat?.size, expected === undefined ? undefined : Buffer.byteLength(expected))
    }),
  )
  for (const prefix of PREFIXES) {
    const listed: [string, string][] = []
    for await (const entry of namespace.list(prefix)) listed.push([entry.path, entry.sha256 ?? 'unknown'])
    const expected = sorted(files).filter(([path]) => path.startsWith(prefix))
    assert.deepEqual(
      listed,
      expected.map(([path, value]) => [path, sha256(value)]),
      `list "${prefix}" of ${what}`,
    )
  }
}
