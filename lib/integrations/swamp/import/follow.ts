// Importing again and again until it is stopped: two small requests tell that swamp did nothing since.
import { AmbiguousWrite, type RunletError, StoreError, ThrottledError } from '../../../errors.ts'
import type { OpenNamespace } from '../../../namespace/namespace.ts'
import { type Datastore, INDEX, META } from './datastore.ts'
import { type ImportOptions, type ImportReport, importSwamp } from './import.ts'
import { BusyDatastoreError } from './problems.ts'

interface FollowOptions extends ImportOptions {
  readonly everyMs: number
  readonly signal: AbortSignal
  /** Told of each import that found something to do, and of the first. */
  readonly onImport: (report: ImportReport) => Promise<void>
  /** Told of what went wrong and may be well the next time. */
  readonly onFailure: (error: RunletError) => void
}

/** Resolves when it is stopped. @throws what will not be better the next time: bad input, a conflict */
export async function followSwamp(into: OpenNamespace, datastore: Datastore, options: FollowOptions): Promise<void> {
  const { everyMs, signal, onImport, onFailure } = options
  let done: string | undefined
  for (let isFirst = true; !signal.aborted; ) {
    try {
      const mark = await markOf(datastore)
      if (mark === undefined || mark !== done) {
        const report = await importSwamp(into, datastore, options)
        // What was under way may be done by now, though the index is not written yet.
        done = report.underWay === 0 ? mark : undefined
        if (isFirst || report.seq !== undefined) await onImport(report)
        isFirst = false
      }
    } catch (error) {
      if (signal.aborted) return
      if (!isPassing(error)) throw error
      onFailure(error)
    }
    await into.ambient.sleep(everyMs, { signal }).catch(() => undefined)
  }
}

const isPassing = (error: unknown): error is RunletError =>
  [StoreError, ThrottledError, AmbiguousWrite, BusyDatastoreError].some(kind => error instanceof kind)

/** Differs when the index does. Undefined where there is none: then only a listing tells. */
async function markOf({ store, root }: Datastore): Promise<string | undefined> {
  const answers = await Promise.all([INDEX, META].map(key => store.get(root + key, { range: { start: 0, end: 0 } })))
  const etags = answers.map(answer => (answer.status === 'found' ? answer.etag : ''))
  return etags.some(etag => etag !== '') ? etags.join(' ') : undefined
}
