// One process of the benchmark, driven by messages (processes.ts): it opens what it needs, says that it is ready, and starts its
// work when it is told to, so that many of them start at the same moment.
import { systemAmbient } from '../../lib/ambient.ts'
import { type Namespace, openStore, type Run, type Store } from '../../lib/runlet.ts'
import { type Meter, metered } from '../../lib/store/metered-store.ts'
import type { ObjectStore } from '../../lib/store/object-store.ts'
import { openObjectStore } from '../../lib/store/open.ts'
import { kibibyte } from './parents.ts'
import type { Answer, Job } from './processes.ts'
import { writeUnderLock } from './whole-index-under-one-lock.ts'

const FILES_A_RUN = 5

/** What is open, from the first job on. */
let open: { store: Store; objects: ObjectStore } | undefined
let runs: Run[] = []

process.on('message', async ({ id, job }: { id: number; job: Job }) => {
  const meter: Meter = { requests: 0, bytesUp: 0, bytesDown: 0 }
  const startedAt = performance.now()
  let failure: string | undefined
  try {
    await metered(meter, () => perform(job))
  } catch (error) {
    failure = String(error)
  }
  const answer: Answer = { ms: performance.now() - startedAt, failure, ...meter }
  process.send?.({ id, answer })
})

process.on('disconnect', () => process.exit())

async function perform(job: Job): Promise<void> {
  open ??= {
    store: await openStore(job.url),
    objects: await openObjectStore(job.url, systemAmbient, { folder: '.' }),
  }
  const { store, objects } = open
  if (job.kind === 'put') await (await store.namespace(job.namespace)).put(job.path, kibibyte(process.pid))
  if (job.kind === 'fork') runs = await forkAll(await store.namespace(job.namespace), job.ids)
  if (job.kind === 'fold') await (runs[job.index] as Run).fold()
  if (job.kind === 'locked put') await writeUnderLock(objects, { ...job, value: Buffer.from(kibibyte(process.pid)) })
}

/** Runs with some files in each, ready to be folded. */
function forkAll(parent: Namespace, ids: readonly string[]): Promise<Run[]> {
  return Promise.all(
    ids.map(async id => {
      const run = await parent.fork(id)
      for (let i = 0; i < FILES_A_RUN; i++) await run.put(`runs/${id}/${i}`, kibibyte(i))
      await run.idle()
      return run
    }),
  )
}
