// What lies in a store and belongs to no namespace: what doctors left that were killed, and uploads in parts that nobody will finish.
import { AccessDeniedError } from '../../errors.ts'
import { graceOf, orphanAgeOf } from '../../store/grace.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { deleteKeys, type Sweeping } from './sweeping.ts'

/** `now`: by the store's clock. */
export async function removeLeftovers(store: ObjectStore, { tally, dryRun }: Sweeping, now: number): Promise<void> {
  try {
    const left: { key: string; size: number }[] = []
    for await (const entry of store.list({ prefix: 'doctor/' })) {
      if (entry.kind === 'object' && entry.lastModified < now - graceOf(store)) left.push(entry)
    }
    const keys = left.map(({ key }) => key)
    if (!dryRun) await deleteKeys(store, keys)
    for (const { size } of left) tally.remove('doctor', size)
    // A value whose upload was begun so long ago would be refused by its commit (grace.ts).
    const uploads = await store.abortUploads?.({ prefix: 'ns/', before: now - orphanAgeOf(store), dryRun })
    for (const bytes of uploads ?? []) tally.remove('uploads', bytes)
  } catch (error) {
    // Who may sweep a namespace may not be allowed to look at the whole store.
    if (!(error instanceof AccessDeniedError)) throw error
    tally.problem('the store', error)
  }
}
