// Worlds for the tests of the sweep: a namespace "p" on virtual time, and whoever sweeps it.
import assert from 'node:assert/strict'
import type { Namespace } from '../../lib/runlet.ts'
import { type Client, World } from '../support/world.ts'

export const HOUR = 3_600_000
export const DAY = 24 * HOUR

/** A value that lies in an object of its own. */
export const large = (version: string) => version.repeat(5_000)

export async function inWorld(program: (world: World, me: Client, parent: Namespace) => Promise<void>): Promise<void> {
  const world = new World()
  await world.run(async () => {
    const me = world.client()
    await program(world, me, await me.store.namespace('p', { create: true }))
  })
}

/** Sweeps now and when all that was found then may go. */
export async function sweepTwice({ store, ambient }: Client) {
  const first = await store.sweep()
  await ambient.sleep(1.1 * HOUR)
  const second = await store.sweep()
  assert.deepEqual([...first.problems, ...second.problems], [])
  return second
}
