// What the measured processes of the sweep benchmark do: sweeps, retention, and what leaves them something to do. Runs in the worker of
// the index benchmark (index/worker.ts), through the library as its users have it, but for retention, which takes
// a namespace; with a small heap, as `runlet sweep` has it.
import { createHash } from 'node:crypto'
import { systemAmbient } from '../../../lib/ambient.ts'
import { keepHeapSmall } from '../../../lib/cli/small-heap.ts'
import { concurrently } from '../../../lib/concurrently.ts'
import { parseNamespaceName } from '../../../lib/names.ts'
import { applyRetention } from '../../../lib/run/retention/retention.ts'
import type { RetentionRule } from '../../../lib/run/retention/rules.ts'
import { openToSweep } from '../../../lib/run/sweep/sweeping.ts'
import type { Namespace, Store } from '../../../lib/runlet.ts'
import { metered } from '../../../lib/store/metered-store.ts'
import { openObjectStore } from '../../../lib/store/open.ts'
import { contentOf } from '../index/data.ts'
import type { Cost, Stored } from '../index/messages.ts'
import { removeUnderLock } from '../whole-index-under-one-lock.ts'

export type SweepJob =
  /** A whole store is swept: its cost is its own, and counts the objects that it deleted. */
  | { readonly kind: 'sweep' }
  /** One commit of values of 5 KiB, each an object of its own. */
  | { readonly kind: 'write'; readonly namespace: string; readonly paths: readonly string[]; readonly salt: string }
  | { readonly kind: 'delete'; readonly namespace: string; readonly paths: readonly string[] }
  /** Forks runs, writes 24 files of 1 KiB to each, and folds them. */
  | { readonly kind: 'end runs'; readonly namespace: string; readonly from: number; readonly to: number }
  /** Forks runs, writes 24 files of 1 KiB to each, and leaves them. */
  | {
      readonly kind: 'leave runs'
      readonly namespace: string
      readonly from: number
      readonly to: number
      readonly onError: 'fold' | 'discard'
    }
  | { readonly kind: 'retain'; readonly namespace: string; readonly rule: RetentionRule; readonly dryRun: boolean }
  | { readonly kind: 'locked delete'; readonly paths: readonly string[] }

export interface SweepJobDone {
  readonly count: number
  readonly removed?: Stored
}

export const VALUE_BYTES = 5 * 1024
export const FILES_A_RUN = 24
const AT_ONCE = 8
const LIMIT_MS = 60_000

type At = { readonly url: string }

export async function performSweepJob(store: Store, job: At & SweepJob, own: Cost[]): Promise<SweepJobDone> {
  if (job.kind === 'sweep') return sweep(store, own)
  if (job.kind === 'retain') return retain(job, own)
  if (job.kind === 'locked delete') return lockedDelete(job, own)
  const namespace = await store.namespace(job.namespace, { assumeExists: true })
  if (job.kind === 'end runs') return { count: await runs(namespace, job, run => run.fold()) }
  if (job.kind === 'leave runs') return { count: await runs(namespace, job, () => undefined) }
  await namespace.commit(tx => {
    for (const path of job.paths) {
      if (job.kind === 'write') tx.put(path, textOf(`${path} ${job.salt}`))
      else tx.delete(path)
    }
  })
  return { count: job.paths.length }
}

async function sweep(store: Store, own: Cost[]): Promise<SweepJobDone> {
  keepHeapSmall()
  const { requests, bytesUp, bytesDown, removed, problems, runs } = await store.sweep()
  const problem = problems[0]?.message ?? runs.find(run => run.problem)?.problem
  if (problem) throw new Error(`the sweep had a problem: ${problem}`)
  own.push({ requests, bytesUp, bytesDown })
  return { count: runs.length, removed: { objects: removed.objects, bytes: removed.bytes } }
}

async function retain(
  { url, namespace: name, rule, dryRun }: At & SweepJob & { kind: 'retain' },
  own: Cost[],
): Promise<SweepJobDone> {
  const cost = { requests: 0, bytesUp: 0, bytesDown: 0 }
  own.push(cost)
  keepHeapSmall()
  const objects = await openObjectStore(url, systemAmbient, { folder: '.' })
  const namespace = openToSweep(objects, parseNamespaceName(name), systemAmbient)
  const reports = await metered(cost, () => applyRetention(namespace, [rule], { author: 'bench', dryRun }))
  await namespace.committer.idle()
  await objects.close()
  return { count: reports[0]?.files ?? 0 }
}

async function lockedDelete(
  { url, paths }: At & SweepJob & { kind: 'locked delete' },
  own: Cost[],
): Promise<SweepJobDone> {
  const cost = { requests: 0, bytesUp: 0, bytesDown: 0 }
  own.push(cost)
  const objects = await openObjectStore(url, systemAmbient, { folder: '.' })
  await metered(cost, () => removeUnderLock(objects, paths, LIMIT_MS))
  await objects.close()
  return { count: paths.length }
}

async function runs(
  parent: Namespace,
  job: At & SweepJob & { kind: 'end runs' | 'leave runs' },
  end: (run: Awaited<ReturnType<Namespace['fork']>>) => unknown,
): Promise<number> {
  const ids = Array.from({ length: job.to - job.from }, (_, i) => `run-${job.from + i}`)
  const onError = job.kind === 'leave runs' ? job.onError : 'keep'
  await concurrently(ids, AT_ONCE, async id => {
    const run = await parent.fork(id, { onError })
    await run.commit(tx => {
      for (let i = 0; i < FILES_A_RUN; i++) tx.put(`runs/${id}/${i}`, contentOf(`${id} ${i}`))
    })
    await end(run)
  })
  return ids.length
}

/** As long as a value that is an object of its own must be, and no two the same. */
function textOf(seed: string): string {
  const lines = Array.from({ length: VALUE_BYTES / 64 }, (_, i) => createHash('sha256').update(`${seed} ${i}`))
  return lines.map(hash => hash.digest('hex')).join('')
}
