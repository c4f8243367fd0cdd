// Publishes commits that stand on `runlet:commit`, in the process that swapped the head.
import { publish } from '../events.ts'
import type { NamespaceContext } from './context.ts'
import type { NewHead } from './head.ts'

/** `head` stands, and has commits after `since`, which this process took up at `startedAt` (of the monotonic clock). */
export function announce({ name, ambient }: NamespaceContext, since: number, head: NewHead, startedAt: number): void {
  for (const { seq, id, author, rows, batch } of head.commits) {
    if (seq <= since) continue
    publish('runlet:commit', () => {
      const durationMs = ambient.monotonic() - startedAt
      return { namespace: name, seq, id, author, rows, batchSize: batch ?? 1, durationMs }
    })
  }
}
