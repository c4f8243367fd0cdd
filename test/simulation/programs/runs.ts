// Steps with runs: fork, work, refresh, fork again, fold or discard; leave one alone; take up one that somebody left.
import type { Namespace, Run } from '../../../lib/runlet.ts'
import type { Actor } from '../actor.ts'
import { POLICIES } from '../settle.ts'
import { Violation } from '../violation.ts'
import { look, readAll } from './readers.ts'
import { count, edit, group, puts, several, shared, toggle } from './writes.ts'

const MEANS = { ttlMs: 5_000, onConflict: POLICIES }

/** A run from beginning to end. */
export async function run(actor: Actor, parent: Namespace): Promise<void> {
  await withRun(actor, parent, MEANS, async run => {
    await work(actor, run)
    if (actor.random.chance(0.25)) await nested(actor, run)
    await end(actor, run)
  })
}

/** Works with a run, which it ends by itself; whatever comes of that, its lease is given back. */
export async function withRun(
  actor: Actor,
  parent: Namespace,
  options: ForkOptions,
  work: (run: Run) => Promise<void>,
): Promise<void> {
  const run = await fork(actor, parent, options)
  try {
    await work(run)
  } catch (error) {
    await run.release().catch(() => undefined) // what happened before is what counts
    throw error
  }
}

interface ForkOptions {
  readonly ttlMs: number
  readonly onError?: 'keep' | 'fold' | 'discard'
}

export async function fork(actor: Actor, parent: Namespace, options: ForkOptions = MEANS): Promise<Run> {
  const { random, scene } = actor
  // Now and then an id that was used before, as a nightly job has.
  const id = random.chance(0.15) ? `nightly-${random.below(2)}` : `run-${scene.runs.length}`
  if (parent === actor.root) scene.runs.push(id)
  const onError = random.weighted({ keep: 2, fold: 1, discard: 1 })
  const run = await parent.fork(id, { ...MEANS, onError, ...options })
  assertWhole(actor, run)
  return run
}

/** What an open run reaches is there, and what it stands on was not folded (G9): asked as soon as its process was told that it has it. */
export function assertWhole({ scene: { witness } }: Actor, { name, parent }: Run): void {
  const missing = witness.reach.missing(`ns/${name}/_/head`)
  if (missing) throw new Violation('G9', `the run ${name} was forked, and ${missing} is not there`)
  const isOpen = witness.space(name)?.latest?.head.state === 'open'
  if (isOpen && witness.space(parent.name)?.latest?.head.state === 'folded')
    throw new Violation('G9', `the run ${name} is open, and ${parent.name} that it was forked from is folded`)
}

export async function work(actor: Actor, run: Run): Promise<void> {
  const { random } = actor
  for (let i = 1 + random.below(4); i > 0; i--) {
    const kind = random.weighted({
      puts: 4,
      group: 1,
      count: 1,
      toggle: 1,
      edit: 1,
      shared: 3,
      look: 1,
      refresh: 1,
      rest: 1,
    })
    if (kind === 'rest') await actor.think(random.next() * 8_000)
    else if (kind === 'refresh') await actor.attempt(() => run.refresh())
    else await { puts, group, count, toggle, edit, several, shared, look }[kind](actor, run)
  }
}

async function nested(actor: Actor, run: Run): Promise<void> {
  // Of a fold and a fork of the same run at the same time one must see the other.
  const racing = actor.random.chance(0.2) && actor.attempt(() => run.fold())
  const inner = await fork(actor, run)
  try {
    await racing
    assertWhole(actor, inner)
    await work(actor, inner)
    // A run with open runs of its own cannot end: this one tries to now and then.
    if (actor.random.chance(0.2)) await actor.attempt(() => run.fold())
    await end(actor, inner)
  } catch (error) {
    await inner.release().catch(() => undefined)
    throw error
  }
}

export async function end(actor: Actor, run: Run): Promise<void> {
  const how = actor.random.weighted({ fold: 12, twice: 2, discard: 2, leave: 2, read: 2 })
  if (how === 'leave') return run.release()
  if (how === 'discard') return run.discard()
  if (how === 'read') await readAll(actor, run)
  const { seq } = await run.fold()
  assertFolded(actor, run, seq)
  if (how === 'twice' && (await run.fold()).seq !== seq)
    throw new Violation('G5', `a second fold of ${run.name} is another`)
}

/** Who is told of a fold can rely on it. */
function assertFolded({ scene: { witness } }: Actor, run: Run, seq: number): void {
  const child = witness.space(run.name)?.latest
  const parent = witness.space(run.parent.name)
  if (child?.head.base?.seq === undefined || child.own.size === 0) return
  const fold = `${run.name} ${child.head.base.fork}`
  if (!parent?.folds.has(fold))
    throw new Violation('G1', `the fold of ${run.name} was acknowledged at ${seq}, and is nowhere`)
}

/** Whoever had the run before can write to it no more (G7): asked as soon as its process was told that it has it. */
function assertFenced({ scene }: Actor, { name, token }: Run): void {
  const fence = scene.witness.space(name)?.latest?.head.fences.owner ?? 0
  if (fence < token)
    throw new Violation('G7', `${name} was taken up with token ${token}, and still takes writes of ${fence}`)
}

/** Takes up a run that its owner left, or died over. */
export async function takeUp(actor: Actor, parent: Namespace): Promise<void> {
  const left = (await parent.runs()).filter(({ state, owner, ownerExpired }) => {
    return (state === 'open' || state === 'sealed') && (!owner || ownerExpired)
  })
  const chosen = left[actor.random.below(left.length)]
  if (!chosen) return
  const run = await parent.resume(chosen.id, MEANS)
  try {
    assertFenced(actor, run)
    assertWhole(actor, run)
    if (actor.random.chance(0.5)) await work(actor, run)
    await end(actor, run)
  } catch (error) {
    await run.release().catch(() => undefined)
    throw error
  }
}
