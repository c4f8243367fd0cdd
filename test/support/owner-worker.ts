// A process that owns a run, or holds a lock, and writes until it is refused (or ought to have been); then it tries everything else that an owner can do,
// and says what each came to. The test stops it in between, for longer than its lease lives.
import { openStore, type Run } from '../../lib/runlet.ts'
import { openJournal } from './journal.ts'
import { done, jobOf, say } from './worker.ts'

export interface OwnerJob {
  readonly url: string
  readonly journal: string
  readonly owns: 'run' | 'lock'
  readonly name: string
  readonly ttlMs: number
  /** What becomes of the run without it. */
  readonly onError?: 'keep' | 'fold'
}

/** A put that it was told of. */
export interface OwnerNote {
  readonly path: string
}

const { url, journal, owns, name, ttlMs, onError } = jobOf<OwnerJob>()
const note = openJournal<OwnerNote>(journal)
const store = await openStore(url)
const parent = await store.namespace('p')
await say('refused', owns === 'run' ? await ownRun() : await holdLock())
await store.close()
done()

/** What became of each thing that it tried: the code of its error, or 'done'. */
async function ownRun(): Promise<Record<string, string | boolean>> {
  const run = await parent.fork(name, { ttlMs, onError })
  const put = await writeUntilRefused(run.signal, path => run.put(path, path))
  const tries: Record<string, (run: Run) => Promise<unknown>> = {
    putAgain: () => run.put('late/put', 'late'),
    large: () => run.put('late/large', 'late'.repeat(2000)),
    commit: () => run.commit(tx => tx.put('late/commit', 'late')),
    delete: () => run.delete('own/0'),
    refresh: () => run.refresh(),
    fold: () => run.fold({ onConflict: 'theirs' }),
    discard: () => run.discard(),
  }
  const codes: Record<string, string> = { put }
  for (const [what, work] of Object.entries(tries)) codes[what] = await codeOf(work(run))
  return { ...codes, signal: run.signal.aborted }
}

async function holdLock(): Promise<Record<string, string | boolean>> {
  let answers: Record<string, string | boolean> = {}
  const locked = await codeOf(
    parent.lock(
      name,
      async lock => {
        const put = await writeUntilRefused(lock.signal, path => parent.put(path, path, { lock }))
        const putAgain = await codeOf(parent.put('late/put', 'late', { lock }))
        const commit = await codeOf(parent.commit(tx => tx.put('late/commit', 'late'), { lock }))
        answers = { put, putAgain, commit, signal: lock.signal.aborted }
      },
      { ttlMs },
    ),
  )
  return { ...answers, locked }
}

/** `lost` aborts when the lease is lost: from then on a write or two may be on their way, but no more. */
async function writeUntilRefused(lost: AbortSignal, put: (path: string) => Promise<unknown>): Promise<string> {
  for (let i = 0, late = 0; ; i++) {
    const path = `own/${i}`
    const code = await codeOf(put(path))
    if (lost.aborted) late += 1
    if (code !== 'done' || late === 10) return code
    note({ path })
    await say('wrote')
  }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'done'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}
