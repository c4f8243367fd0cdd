// A process that sleeps for hours within one request, while another overwrites what it has read and sweeps: what it goes on with when it
// wakes may be gone. So who forks or refreshes looks again at what it stands on, a sweep swaps the head before it deletes, and what a slow
// writer has put is left alone for long (G9). Or it is not the process that is late but its answers that never come.
import type { Namespace } from '../../../lib/runlet.ts'
import { Actor } from '../actor.ts'
import { CALM, RIGHT_CLOCK } from '../plan.ts'
import { assertWhole, end, withRun } from './runs.ts'
import { commit } from './writes.ts'

/** From this age on a sweep takes what was never referred to for an orphan, and it looks for some as often; see lib/store/grace.ts. */
const ORPHAN_GRACES = 24

const KINDS = { forks, refreshes, writes, forksFromARun, hearsNothing } as const

export async function asleep(actor: Actor, namespace: Namespace): Promise<void> {
  const kind = actor.random.weighted({ forks: 3, refreshes: 3, writes: 2, forksFromARun: 2, hearsNothing: 2 })
  await KINDS[kind](actor, namespace)
}

async function forks(actor: Actor, parent: Namespace): Promise<void> {
  await overwrite(actor, parent)
  await sweepAll(actor)
  sleepsWithin(actor, { requests: 4, graces: [1.5, 4], meanwhile: other => replace(other, actor) })
  await withRun(actor, parent, longLived(actor), run => end(actor, run))
}

async function refreshes(actor: Actor, parent: Namespace): Promise<void> {
  await withRun(actor, parent, longLived(actor), async run => {
    await overwrite(actor, parent)
    await sweepAll(actor)
    sleepsWithin(actor, { requests: 5, graces: [1.5, 4], meanwhile: other => replace(other, actor) })
    await run.refresh()
    assertWhole(actor, run)
    await end(actor, run)
  })
}

/** The next sweep looks for orphans: it must not find those of who has not yet committed what it has put. */
async function writes(actor: Actor, namespace: Namespace): Promise<void> {
  await sweepAll(actor)
  await actor.think((ORPHAN_GRACES + 0.2) * actor.scene.plan.graceMs)
  sleepsWithin(actor, { requests: 6, graces: [2, 11], meanwhile: other => sweepTwice(other, actor.scene.plan.graceMs) })
  await overwrite(actor, namespace)
}

/** The run is folded meanwhile by who takes it up: nobody may have forked from it then. */
async function forksFromARun(actor: Actor, parent: Namespace): Promise<void> {
  await withRun(actor, parent, { ttlMs: 5_000 }, async run => {
    const foldIt = async (other: Actor) => {
      await other.think(10_000)
      const taken = await other.root.resume(run.id, { ttlMs: 5_000 })
      await taken.fold().finally(() => taken.release())
    }
    sleepsWithin(actor, { requests: 4, graces: [1, 3], meanwhile: foldIt })
    await withRun(actor, run, { ttlMs: 5_000 }, inner => end(actor, inner))
    await end(actor, run)
  })
}

/** Its head may have moved nevertheless. */
async function hearsNothing(actor: Actor, parent: Namespace): Promise<void> {
  await withRun(actor, parent, longLived(actor), async run => {
    await overwrite(actor, parent)
    actor.network.losesAnswers({ after: 2 + actor.random.below(3), count: 2 })
    await actor.attempt(() => run.refresh())
    assertWhole(actor, run)
    await end(actor, run)
  })
}

/** It is kept while its owner sleeps, and a short lease would have to be renewed thousands of times. */
const longLived = ({ scene }: Actor) => ({ ttlMs: scene.plan.graceMs / 8, onError: 'keep' }) as const

interface Sleep {
  /** In one of so many, before it is sent or after it was answered. */
  readonly requests: number
  readonly graces: readonly [least: number, most: number]
  readonly meanwhile: (other: Actor) => Promise<void>
}

/** Sends the process to sleep in the midst of what it does next, and another one to work as soon as it sleeps. */
function sleepsWithin(actor: Actor, { requests, graces, meanwhile }: Sleep): void {
  const { scene, random, life } = actor
  const name = `${actor.name}-beside-${scene.history.invocations.length}`
  const other = new Actor(scene, { name, clock: RIGHT_CLOCK, climate: CALM, random: random.fork() })
  const ms = random.between(...graces) * scene.plan.graceMs
  life.stopsAt(1 + random.below(2 * requests), ms, () => {
    scene.beside.push(other.perform(1, () => ({ name: 'meanwhile', step: meanwhile })))
  })
}

/** What the sleeper may have read is neither referred to any more nor there. */
async function replace(other: Actor, sleeper: Actor): Promise<void> {
  await overwrite(other, other.root, sleeper.name)
  await sweepTwice(other, sleeper.scene.plan.graceMs)
}

async function sweepTwice(actor: Actor, graceMs: number): Promise<void> {
  await sweepAll(actor)
  await actor.think(1.1 * graceMs)
  await sweepAll(actor)
}

/** Ends no run for having been left. */
async function sweepAll(actor: Actor): Promise<void> {
  await actor.attempt(() => actor.store.sweep({ keepMs: 100 * actor.scene.plan.graceMs }))
}

/** A value that is too large for its row, so that it lies in an object. */
async function overwrite(actor: Actor, namespace: Namespace, whose = actor.name): Promise<void> {
  const change = (invocation: { readonly id: number }) => [`#${invocation.id} `.padEnd(5_000, '.')]
  await commit(actor, namespace, { paths: [`large/${whose}`], change })
}
