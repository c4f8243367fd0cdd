// A process that writes to one namespace, again and again: unique paths, and increments of a counter that others increment too.
// It notes what it is about to do and what it was told, and may be killed anywhere.
import { ConflictError } from '../../lib/errors.ts'
import { type Namespace, openStore } from '../../lib/runlet.ts'
import { openJournal } from './journal.ts'
import { done, jobOf, say } from './worker.ts'

export interface WriterJob {
  readonly url: string
  readonly journal: string
  /** The folder of the paths that it puts. */
  readonly folder: string
  /** The path that it increments. */
  readonly counter: string
  readonly rounds: number
}

export interface WriterNote {
  /** `refused`: told that somebody else changed the path, and about to try again. */
  readonly step: 'begun' | 'refused' | 'done'
  readonly path: string
  /** Of a put: the path, filled up with dots. */
  readonly value: string
  /** Since it began, or was refused. */
  readonly ms: number
}

const { url, journal, folder, counter, rounds } = jobOf<WriterJob>()
const note = openJournal<WriterNote>(journal)
const store = await openStore(url)
const namespace = await store.namespace('p')

for (let round = 0; round < rounds; round++) {
  const path = `${folder}/${round}`
  // Some values are too large to lie in the index.
  const value = round % 7 === 3 ? path.padEnd(6000, '.') : path
  await noted({ path, value }, () => namespace.put(path, value))
  for (let i = 0; i < 2; i++) await noted({ path: counter, value: '' }, () => increment(namespace))
  await say('round')
}
await store.close()
done()

/** Does one write until it goes through. */
async function noted(what: Pick<WriterNote, 'path' | 'value'>, write: () => Promise<unknown>): Promise<void> {
  note({ ...what, step: 'begun', ms: 0 })
  for (;;) {
    const startedAt = performance.now()
    const step = await write().then(
      () => 'done' as const,
      error => {
        if (error instanceof ConflictError && what.path === counter) return 'refused' as const
        throw error
      },
    )
    note({ ...what, step, ms: performance.now() - startedAt })
    if (step === 'done') return
  }
}

function increment(of: Namespace): Promise<unknown> {
  return of.commit(async tx => {
    const count = Number(Buffer.from((await tx.get(counter)) ?? '0').toString())
    tx.put(counter, String(count + 1))
  })
}
