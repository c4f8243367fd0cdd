// A run that stays open for hours: it reads all that it sees, is away while others overwrite, compact and sweep, and reads all of it
// again, values included. What the parent needs no more it still does (G3, G9).
import { MissingObjectError } from '../../../lib/errors.ts'
import type { Namespace, Run } from '../../../lib/runlet.ts'
import type { Actor } from '../actor.ts'
import { sha256 } from '../decode.ts'
import { Violation } from '../violation.ts'
import { end, withRun, work } from './runs.ts'
import { sweep } from './upkeep.ts'
import { edit, group, puts } from './writes.ts'

/** The SHA-256 of each value, by path. */
type Seen = ReadonlyMap<string, string>

/** A run as young as this is not swept itself, only its parent is; see `isYoung` in lib/run/sweep/sweep-namespace.ts. */
const YOUNG_GRACES = 24

export async function dwell(actor: Actor, parent: Namespace): Promise<void> {
  // A short lease would have to be renewed thousands of times.
  const long = { ttlMs: actor.scene.plan.graceMs / 8 }
  await withRun(actor, parent, long, async run => {
    if (actor.random.chance(0.5)) await work(actor, run)
    if (actor.random.chance(0.7)) await stay(actor, run, [parent])
    else
      await withRun(actor, run, long, async inner => {
        await stay(actor, inner, [parent, run])
        await end(actor, inner)
      })
    await end(actor, run)
  })
}

async function stay(actor: Actor, run: Run, below: readonly Namespace[]): Promise<void> {
  const { random, scene } = actor
  const { graceMs } = scene.plan
  const began = mark(actor, run)
  const first = await readWhole(actor, run)
  // A sweep only knows what was dropped since the one before it.
  await actor.attempt(() => sweep(actor))
  if (below.length > 1 && random.chance(0.3)) await actor.think(YOUNG_GRACES * graceMs)
  for (let i = 2 + random.below(2); i > 0; i--) {
    for (const namespace of below.filter(one => isOpen(actor, one))) await change(actor, namespace, first)
    await actor.attempt(() => sweep(actor))
    await actor.think(random.between(1, 1.5) * graceMs)
  }
  await actor.attempt(() => sweep(actor))
  const again = await readWhole(actor, run)
  if (mark(actor, run) === began && !areSame(first, again))
    throw new Violation('G3', `the run ${run.name} sees something else than ${graceMs} ms ago, and nobody wrote to it`)
}

/** Of one that a sweep has ended while its owner slept, its pin and all that it held are gone. */
const isOpen = ({ scene }: Actor, { name }: Namespace): boolean =>
  scene.witness.space(name)?.latest?.head.state === 'open'

/** Overwrites some of what the run sees. */
async function change(actor: Actor, namespace: Namespace, seen: Seen): Promise<void> {
  const { random } = actor
  const kinds = random.chance(0.5) ? [edit, group] : [edit, group, puts]
  for (const write of kinds) await actor.attempt(() => write(actor, namespace))
  if (seen.size > 0 && random.chance(0.7)) await actor.attempt(() => namespace.compact())
}

/** Changes when anybody writes to the run, or takes it from its owner. */
function mark({ scene }: Actor, { name }: Run): string {
  const { seq, state, base, fences } = scene.witness.space(name)?.latest?.head ?? {}
  return JSON.stringify({ seq, state, base, fences })
}

/** By somebody who remembers nothing of the run's index. */
async function readWhole(actor: Actor, { name }: Run): Promise<Seen> {
  const { witness } = actor.scene
  const version = witness.space(name)?.latest
  const seen = new Map<string, string>()
  try {
    const reader = await actor.store.namespace(name)
    for await (const { path } of reader.list()) {
      const value = await reader.get(path)
      if (value) seen.set(path, sha256(value))
    }
    return seen
  } catch (error) {
    const isAsBefore = version !== undefined && witness.space(name)?.latest === version
    if (!(error instanceof MissingObjectError) || !isAsBefore || version.head.state !== 'open') throw error
    throw new Violation('G9', `the open run ${name} reads what is gone: ${error.message}`, { cause: error })
  }
}

const areSame = (a: Seen, b: Seen): boolean => a.size === b.size && [...a].every(([path, sha]) => b.get(path) === sha)
