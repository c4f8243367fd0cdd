// Worlds for the tests of runs.
import type { Namespace } from '../../lib/runlet.ts'
import { World } from '../support/world.ts'

export async function inWorld(program: (world: World) => Promise<void>, options?: { seed: number }): Promise<void> {
  const world = new World(options)
  await world.run(() => program(world))
}

export const parentIn = (world: World) => world.client().store.namespace('p', { create: true })

export async function fill(namespace: Namespace, rows: number): Promise<void> {
  await namespace.commit(tx => {
    for (let i = 0; i < rows; i++) tx.put(`data/${String(i).padStart(6, '0')}`, String(i))
  })
}
