// What a user does with a namespace, as steps that each have a name and a time limit, done through a store that is in trouble. A step
// succeeds or fails with a typed error; what it did is told by the namespace's own log, for every write carries its step's name.
// At the end `check` replays the log through a clean connection: the contents must be just that (G1, G2, G4, G5).
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { RunletError } from '../../lib/errors.ts'
import type { CommitRecord } from '../../lib/index.ts'
import type { Namespace, Run, Store } from '../../lib/runlet.ts'

/** No step may take longer, whatever befalls its requests: hanging connections are given up after two seconds each, on Ceph. */
export const STEP_LIMIT_MS = 90_000
export const STREAM_BYTES = 12 * 1024 * 1024

type Values = Record<string, string | undefined>

export interface Actor {
  readonly store: Store
  /** The name of the namespace that it is about. */
  readonly name: string
  parent?: Namespace | undefined
  run?: Run | undefined
  /** What it read at last. */
  read?: Values
}

interface Step {
  /** What it leaves in the parent when it is in the log, on top of what there was. */
  readonly effect?: (before: Values) => Values
  readonly act: (actor: Actor, message: string) => Promise<unknown>
}

const MEDIUM = 'medium '.repeat(900)
const streamed = createHash('sha256')
for (const chunk of chunks()) streamed.update(chunk)
/** What stands for the 12 MB in a comparison. */
const STREAMED = `sha256 ${streamed.digest('hex')}`
const RUN_FILES: Values = { 'run/1': 'one', 'run/2': MEDIUM, 'run/3': 'three' }
/** Short, so that nobody waits long for what a failed step left. */
const TTL = { ttlMs: 2_000 }

const counted = (before: Values): Values => ({ counter: String(Number(before.counter ?? 0) + 1) })

/** In the order in which they are told. */
export const STEPS = {
  create: { act: createParent },
  'put-small': {
    act: ({ parent }, message) => parent?.put('small', 'first', { message }) ?? skipped(),
    effect: () => ({ small: 'first' }),
  },
  'put-medium': {
    act: ({ parent }, message) => parent?.put('medium', MEDIUM, { message }) ?? skipped(),
    effect: () => ({ medium: MEDIUM }),
  },
  overwrite: {
    act: ({ parent }, message) => parent?.put('small', 'second', { message }) ?? skipped(),
    effect: () => ({ small: 'second' }),
  },
  delete: {
    act: ({ parent }, message) => parent?.delete('medium', { message }) ?? skipped(),
    effect: () => ({ medium: undefined }),
  },
  commit: { act: ({ parent }, message) => parent?.commit(increment, { message }) ?? skipped(), effect: counted },
  stream: {
    act: ({ parent }, message) => parent?.put('large', asStream(), { message }) ?? skipped(),
    effect: () => ({ large: STREAMED }),
  },
  fork: { act: forkRun },
  'run-commit': { act: ({ run }) => run?.commit(fillRun) ?? skipped() },
  refresh: { act: ({ run }) => run?.refresh() ?? skipped() },
  fold: { act: ({ run }, message) => run?.fold({ message }) ?? skipped(), effect: () => RUN_FILES },
  'fold-again': { act: ({ run }) => run?.fold({ message: 'fold' }) ?? skipped() },
  discard: { act: discardOne },
  lock: { act: lockAndCount, effect: counted },
  compact: { act: ({ parent }) => parent?.compact() ?? skipped() },
  sweep: { act: sweepIt },
  read: { act: readAll },
} satisfies Record<string, Step>

export type StepName = keyof typeof STEPS
export const ALL_STEPS = Object.keys(STEPS) as StepName[]

/** Parts of the story: what is done beforehand in peace, and what is done in trouble. */
export const CHAPTERS: Record<string, { readonly before: readonly StepName[]; readonly steps: readonly StepName[] }> = {
  writes: { before: [], steps: ['create', 'put-small', 'put-medium', 'overwrite', 'delete', 'commit'] },
  stream: { before: ['create'], steps: ['stream'] },
  run: { before: ['create', 'put-small'], steps: ['fork', 'run-commit', 'refresh', 'fold', 'fold-again'] },
  upkeep: { before: ['create', 'put-small', 'put-medium'], steps: ['lock', 'discard', 'compact', 'sweep', 'read'] },
}

/** What became of a step: its promise was kept, or the code of its error; `skipped` when there was nothing to do it with. */
export type Outcome = 'done' | 'skipped' | `ERR_RUNLET_${string}`

/** Does the steps one after the other, going on after failures as a patient user would. */
export async function tell(actor: Actor, steps: readonly StepName[]): Promise<Map<StepName, Outcome>> {
  const outcomes = new Map<StepName, Outcome>()
  for (const name of steps) outcomes.set(name, await attempt(name, () => STEPS[name].act(actor, name)))
  return outcomes
}

async function attempt(name: string, work: () => Promise<unknown>): Promise<Outcome> {
  try {
    await withinLimit(name, work())
    return 'done'
  } catch (error) {
    if (error === SKIPPED) return 'skipped'
    if (error instanceof RunletError) {
      assert.match(error.code, /^ERR_RUNLET_[A-Z_]+$/)
      assert.notEqual(error.code, 'ERR_RUNLET_CONFLICT', `${name} met itself`)
      return error.code as Outcome
    }
    throw error
  }
}

export async function withinLimit<T>(name: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} takes longer than ${STEP_LIMIT_MS} ms`)), STEP_LIMIT_MS)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** Reads through a clean connection, and holds what is there against what was told. */
export async function check(clean: Namespace, outcomes: ReadonlyMap<StepName, Outcome>): Promise<Values> {
  const commits = await commitsOf(clean)
  assert.deepEqual(
    commits.map(({ seq }) => seq),
    commits.map((_, i) => i + 1),
    'a history without gaps',
  )
  const told = commits.map(({ message }) => message as StepName)
  assert.equal(new Set(told).size, told.length, `applied once each: ${told}`)
  let expected: Values = {}
  for (const name of told) {
    const { effect } = STEPS[name] as Step
    assert.ok(effect, `${name} makes no commit of the parent`)
    expected = { ...expected, ...effect(expected) }
  }
  for (const name of acknowledged(outcomes)) assert.ok(told.includes(name), `${name} was acknowledged`)
  const found = await contentsOf(clean)
  assert.deepEqual(found, JSON.parse(JSON.stringify(expected)))
  return found
}

/** The steps that must be in the log. A fold is there if the run had something to fold. */
function acknowledged(outcomes: ReadonlyMap<StepName, Outcome>): StepName[] {
  const done = (name: StepName) => outcomes.get(name) === 'done'
  const folded = (done('fold') || done('fold-again')) && done('run-commit')
  const others = ALL_STEPS.filter(name => 'effect' in STEPS[name] && name !== 'fold' && done(name))
  return folded ? [...others, 'fold'] : others
}

/** Everything, each value checked against its SHA-256 by being read. */
export async function contentsOf(namespace: Namespace): Promise<Values> {
  const values: Values = {}
  for await (const { path, size, sha256 } of namespace.list()) {
    const bytes = await namespace.get(path)
    if (bytes) values[path] = size === STREAM_BYTES ? `sha256 ${sha256}` : Buffer.from(bytes).toString()
  }
  return values
}

async function commitsOf(namespace: Namespace): Promise<CommitRecord[]> {
  const commits: CommitRecord[] = []
  for await (const commit of namespace.log()) commits.unshift(commit)
  return commits
}

const SKIPPED = new Error('nothing to do this with')
const skipped = (): Promise<never> => Promise.reject(SKIPPED)

function* chunks(): Generator<Uint8Array> {
  const chunk = 256 * 1024
  for (let at = 0; at < STREAM_BYTES; at += chunk) yield Buffer.alloc(chunk, `at ${at} `)
}

async function* asStream(): AsyncGenerator<Uint8Array> {
  yield* chunks()
}

async function createParent(actor: Actor): Promise<void> {
  actor.parent = await actor.store.namespace(actor.name, { create: true })
}

async function forkRun(actor: Actor): Promise<void> {
  actor.run = await actor.parent?.fork('r', TTL)
  if (!actor.run) await skipped()
}

function fillRun(tx: { put(path: string, value: string): void }): void {
  for (const [path, value] of Object.entries(RUN_FILES)) tx.put(path, value ?? '')
}

async function increment(tx: Parameters<Parameters<Namespace['commit']>[0]>[0]): Promise<void> {
  const count = Number(Buffer.from((await tx.get('counter')) ?? '0').toString())
  tx.put('counter', String(count + 1))
}

async function lockAndCount({ parent }: Actor, message: string): Promise<void> {
  if (!parent) return skipped()
  await parent.lock('l', lock => parent.commit(increment, { lock, message }), TTL)
}

async function sweepIt({ store, parent, name }: Actor): Promise<void> {
  if (!parent) return skipped()
  await store.sweep({ namespace: name })
}

async function readAll(actor: Actor): Promise<void> {
  actor.read = await (actor.parent ? contentsOf(actor.parent) : skipped())
}

async function discardOne({ parent }: Actor): Promise<void> {
  const run = (await parent?.fork('d', TTL)) ?? (await skipped())
  await run.put('never', 'to be seen')
  await run.discard()
}
