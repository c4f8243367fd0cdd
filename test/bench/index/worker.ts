// One measured process of the index benchmark, driven by messages (processes.ts). It has loaded the library when its first job comes,
// and has done nothing with it yet. A message without a job ends it, once its upkeep in the background is done, as `close` does.
import { setTimeout as sleep } from 'node:timers/promises'
import { systemAmbient } from '../../../lib/ambient.ts'
import { type Namespace, openStore, type Run, type Store } from '../../../lib/runlet.ts'
import { metered } from '../../../lib/store/metered-store.ts'
import { openObjectStore } from '../../../lib/store/open.ts'
import { performComparisonJob } from '../comparison/jobs.ts'
import { prepareModel, writeModelUnderLock } from '../one-index-per-model-under-a-lock.ts'
import { performSwampJob } from '../swamp/jobs.ts'
import { performSweepJob } from '../sweep/jobs.ts'
import { prepareIndex, writeUnderLock } from '../whole-index-under-one-lock.ts'
import { buildHead, buildPart, type Shards } from './build.ts'
import { contentOf } from './data.ts'
import { writeHistory } from './history.ts'
import { indexRows } from './index-rows.ts'
import type { Answer, Cost, Job, Stored } from './messages.ts'

const PAUSE_MS = 20
const LIMIT_MS = 60_000

const open: {
  store?: Store
  run?: Run
  shards: Shards
  heldMs: number
  removed?: Stored | undefined
  slowestMs: number
  stopped: boolean
} = {
  shards: [],
  heldMs: 0,
  slowestMs: 0,
  stopped: false,
}

process.on('message', async ({ id, job }: { id: number; job?: Job }) => {
  if (!job) {
    await open.store?.close()
    process.send?.({ id, answer: { peakBytes: peakBytes() } }, () => process.exit(0))
    return
  }
  const own: Cost[] = []
  let count = 0
  let failure: string | undefined
  try {
    count = (await perform(job, own)) ?? 0
  } catch (error) {
    failure = error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
  const { shards, removed, slowestMs, heldMs } = open
  const answer: Answer = { own, slowestMs, heldMs, count, failure, shards, removed, peakBytes: peakBytes() }
  process.send?.({ id, answer })
})
process.on('disconnect', () => process.exit())

const peakBytes = () => process.resourceUsage().maxRSS * 1024

async function perform(job: Job, own: Cost[]): Promise<number | undefined> {
  const meter = async <T>(work: () => Promise<T>): Promise<T> => {
    const cost = { requests: 0, bytesUp: 0, bytesDown: 0 }
    own.push(cost)
    const startedAt = performance.now()
    try {
      return await metered(cost, work)
    } finally {
      open.slowestMs = Math.max(open.slowestMs, performance.now() - startedAt)
    }
  }
  switch (job.kind) {
    case 'build part':
      open.shards = await buildPart(job.url, job, job.models)
      return
    case 'build head':
      await buildHead(job.url, job, job.shards)
      return
    case 'history':
      await writeHistory(job.url, job.namespace, job.rows)
      return
    case 'put': {
      const namespace = await namespaceOf(job)
      for (const path of job.paths) await meter(() => namespace.put(path, contentOf(path)))
      return
    }
    case 'keep putting':
      return keepPutting(await namespaceOf(job), job.below, meter)
    case 'stop':
      open.stopped = true
      return
    case 'fork': {
      const namespace = await namespaceOf(job)
      await meter(() => namespace.fork(job.id))
      return
    }
    case 'fill run':
      return fillRun(await namespaceOf(job), job)
    case 'fold':
      // A fold meters itself; its bytes are those that the server sees.
      return (await (open.run as Run).fold()).requests
    case 'pull': {
      const namespace = await namespaceOf(job)
      const copy = await namespace.workingCopy(job.directory, { prefix: job.prefix })
      const { written } = await meter(() => copy.pull())
      await copy.dispose()
      return written
    }
    case 'get': {
      const namespace = await namespaceOf(job)
      const value = await meter(() => namespace.get(job.path))
      if (Buffer.from(value ?? '').toString() !== contentOf(job.path))
        throw new Error(`"${job.path}" is not what it was`)
      return
    }
    case 'list': {
      const namespace = await namespaceOf(job)
      return meter(async () => {
        let count = 0
        for await (const _ of namespace.list(job.prefix)) count += 1
        return count
      })
    }
    case 'compact': {
      const namespace = await namespaceOf(job)
      // A compaction meters itself.
      const { merged, ...cost } = await namespace.compact()
      own.push(cost)
      return merged
    }
    case 'prepare locked index':
    case 'locked put':
      return lockedWork(job, meter)
    case 'swamp ready':
    case 'swamp push':
    case 'swamp method':
    case 'swamp pull':
    case 'swamp sync':
      return performSwampJob(job.url, job, meter)
    case 'comparison ready':
    case 'comparison base':
    case 'comparison write': {
      open.slowestMs = 0
      const { done, heldMs } = await performComparisonJob(job.url, job, meter)
      open.heldMs = heldMs
      return done
    }
    default: {
      open.store ??= await openStore(job.url, { author: 'bench' })
      const { count, removed } = await performSweepJob(open.store, job, own)
      open.removed = removed
      return count
    }
  }
}

/** Opened without a request of its own: the first use finds out whether it exists. */
async function namespaceOf(job: { url: string; namespace: string }): Promise<Namespace> {
  open.store ??= await openStore(job.url, { author: 'bench' })
  return open.store.namespace(job.namespace, { assumeExists: true })
}

type Metering = <T>(work: () => Promise<T>) => Promise<T>

async function keepPutting(namespace: Namespace, below: string, meter: Metering): Promise<number> {
  let puts = 0
  for (; !open.stopped; puts++) {
    const path = `${below}${puts}/raw`
    await meter(() => namespace.put(path, contentOf(path)))
    await sleep(PAUSE_MS)
  }
  return puts
}

async function fillRun(parent: Namespace, { id, paths }: { id: string; paths: readonly string[] }): Promise<number> {
  const run = await parent.fork(id)
  for (const path of paths) await run.put(path, contentOf(path))
  await Promise.all([run.idle(), parent.idle()])
  open.run = run
  return paths.length
}

type LockedJob = Job & { readonly kind: 'prepare locked index' | 'locked put' }

async function lockedWork(job: LockedJob, meter: Metering): Promise<undefined> {
  const objects = await openObjectStore(job.url, systemAmbient, { folder: '.' })
  const { model } = job
  if (job.kind === 'prepare locked index') {
    if (model === undefined) await prepareIndex(objects, indexRows(job.rows))
    else await prepareModel(objects, model, indexRows(job.rows, model))
  } else {
    const write = { path: job.path, value: Buffer.from(contentOf(job.path)), limitMs: LIMIT_MS }
    await meter(() =>
      model === undefined ? writeUnderLock(objects, write) : writeModelUnderLock(objects, model, write),
    )
  }
  await objects.close()
}
