// The end of a torture: the runs that the dead left are ended, and the store is swept until nothing is left to sweep.
import { setTimeout as sleep } from 'node:timers/promises'
import { systemAmbient } from '../../lib/ambient.ts'
import { type Namespace, NamespaceSealedError } from '../../lib/index.ts'
import { openObjectStore } from '../../lib/store/open.ts'
import { type Census, census } from '../support/reachable.ts'
import { resumeOnceFree } from './left-runs.ts'
import type { Place } from './place.ts'

/** What was never referred to is found an orphan after 24 to 48 grace periods, and deleted one later; and a busy machine takes its time. */
const GRACES = 52
const SPARE_MS = 60_000
/** Nothing is kept for so long here that it is discarded. */
const KEEP_MS = 86_400_000

/** As its fork chose, unless it has ended. */
export async function endLeftRun(parent: Namespace, id: string, discards: boolean): Promise<void> {
  try {
    const run = await resumeOnceFree(parent, id)
    await (discards ? run?.discard() : run?.fold({ message: id }))
  } catch (error) {
    if (!(error instanceof NamespaceSealedError)) throw error
  }
}

/** What is missing, and what nothing refers to though it had its time. */
export async function sweepUntilClean({ url, store, parent }: Place, graceMs: number): Promise<Census> {
  const objects = await openObjectStore(url, systemAmbient, { folder: process.cwd() })
  const until = performance.now() + GRACES * graceMs + SPARE_MS
  try {
    for (;;) {
      await store.sweep({ keepMs: KEEP_MS })
      await parent.idle()
      const { missing, unreachable } = await census(objects, 'p')
      if (unreachable.length === 0 || missing.length > 0 || performance.now() > until) return { missing, unreachable }
      await sleep(graceMs)
    }
  } finally {
    await objects.close()
  }
}
