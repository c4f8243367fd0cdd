// Where a suite of processes works: a store of its own for each scenario, a folder for journals, and the fleet.
import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { CommitRecord, Namespace } from '../../lib/index.ts'
import { openStore, type Store } from '../../lib/runlet.ts'
import { Fleet } from '../support/fleet.ts'

/** How a kind of store is tested: where each scenario's store is, and how large a crowd it takes. */
export interface Ground {
  /** The URL of an empty store for a scenario. `folder` is removed afterwards. */
  readonly urlOf: (scenario: string, folder: string) => string
  /** How many processes write at once. */
  readonly crowd: number
  /** How often those are killed that are killed over and over. */
  readonly kills: number
}

export interface Place {
  readonly url: string
  readonly store: Store
  readonly parent: Namespace
  /** An empty folder for journals. */
  readonly folder: string
  readonly fleet: Fleet
}

/** For whoever would be blocked for good. */
export const LIMIT = { timeout: 240_000 }

/** Call it inside `describe`; the place opens with the returned function and is gone after the describe's tests. */
export function aPlace(ground: Ground, scenario: string, options: { graceMs?: number } = {}): () => Promise<Place> {
  const fleet = new Fleet()
  let opened: Place | undefined
  after(async () => {
    await fleet.end()
    await opened?.store.close()
    if (opened) await rm(join(opened.folder, '..'), { recursive: true, force: true })
  })
  return async () => {
    const root = await mkdtemp(join(tmpdir(), 'runlet-processes-'))
    const url = ground.urlOf(scenario, root)
    const folder = await mkdtemp(join(root, 'journals-'))
    const store = await openStore(url, options)
    opened = { url, store, parent: await store.namespace('p', { create: true }), folder, fleet }
    return opened
  }
}

export async function commitsOf(namespace: Namespace): Promise<CommitRecord[]> {
  const commits: CommitRecord[] = []
  for await (const commit of namespace.log()) commits.push(commit)
  return commits
}

/** How many swaps of the head the commits took: those that went in together share one. */
export function swapsOf(commits: readonly CommitRecord[]): number {
  return Math.round(commits.reduce((sum, { batch }) => sum + 1 / (batch ?? 1), 0))
}

/** Does something for each item, so many at a time; the results are in the items' order. */
export async function inTurns<Item, Result>(
  items: readonly Item[],
  abreast: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const waiting = items.entries()
  const lane = async () => {
    for (const [i, item] of waiting) results[i] = await work(item)
  }
  await Promise.all(Array.from({ length: abreast }, lane))
  return results
}

/** A random moment: resolves after at most so many milliseconds. Tests must hold whatever it is. */
export function aMoment(atMostMs: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, randomInt(atMostMs + 1)))
}
