// Publishes commits that stand on `runlet:commit`, in the process that swapped the head.
import { publish } from '../events.ts'
import type { NamespaceName } from '../names.ts'
import type { NewHead } from './head.ts'

export function announce(namespace: NamespaceName, since: number, head: NewHead): void {
  for (const { seq, id, author, rows, batch } of head.commits) {
    if (seq > since) publish('runlet:commit', () => ({ namespace, seq, id, author, rows, batchSize: batch ?? 1 }))
  }
}
