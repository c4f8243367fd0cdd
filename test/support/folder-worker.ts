// A process that runs `withRunNamespace` again and again and notes what it was told. It may be killed anywhere; or it kills itself
// at a chosen moment, so that a test can go through all of them one by one.
import { subscribe } from 'node:diagnostics_channel'
import type { LeaseEvent } from '../../lib/events.ts'
import { openStore, type Run } from '../../lib/runlet.ts'
import { withRunNamespace } from '../../lib/with-run-namespace.ts'
import { openJournal } from './journal.ts'
import { done, jobOf, say } from './worker.ts'

export interface FolderJob {
  readonly url: string
  readonly parent: string
  readonly journal: string
  readonly runs: readonly string[]
  readonly ttlMs: number
  readonly dieAt?: Death
}

/** At the end of that request since the fork, or the fold, began; or when it holds the parent's merge lease. */
export type Death = { readonly since: 'fork' | 'fold'; readonly request: number } | 'leading'

export interface FolderNote {
  /** `full`: the run has all its files and is to be folded next. */
  readonly step: 'begun' | 'put' | 'full' | 'folded'
  readonly parent: string
  readonly run: string
  readonly path?: string
  /** Of a folded run: the parent's commit. */
  readonly seq?: number
}

/** Every run has so many files of its own, and adds its line to one that all of them share. */
const FILES = 5

const { url, journal, runs, ttlMs, dieAt, ...job } = jobOf<FolderJob>()
const note = openJournal<FolderNote>(journal)
const store = await openStore(url)
const parent = await store.namespace(job.parent)
if (dieAt === 'leading') dieLeading()
dieIn('fork')
for (const id of runs) {
  note({ step: 'begun', parent: parent.name, run: id })
  await withRunNamespace(id, work, {
    store,
    parent,
    ttlMs,
    onConflict: { 'log.txt': 'union-lines' },
    onFold: ({ seq }) => note({ step: 'folded', parent: parent.name, run: id, seq }),
  })
}
await store.close()
done()

async function work(run: Run): Promise<void> {
  const about = { parent: parent.name, run: run.id }
  await say('working')
  for (let file = 0; file < FILES; file++) {
    const path = `runs/${run.id}/${file}`
    await run.put(path, `${path} `.repeat(file === 3 ? 600 : 1))
    note({ step: 'put', ...about, path })
  }
  const log = Buffer.from((await run.get('log.txt')) ?? '').toString()
  await run.put('log.txt', `${log}${run.id}\n`)
  note({ step: 'full', ...about })
  await say('folding')
  dieIn('fold')
}

function dieIn(since: 'fork' | 'fold'): void {
  if (typeof dieAt !== 'object' || dieAt.since !== since) return
  let requests = 0
  subscribe('runlet:request', () => {
    requests += 1
    if (requests === dieAt.request) process.kill(process.pid, 'SIGKILL')
  })
}

function dieLeading(): void {
  subscribe('runlet:lease', event => {
    const { lease, what } = event as LeaseEvent
    if (lease === 'merge' && what === 'acquired') process.kill(process.pid, 'SIGKILL')
  })
}
