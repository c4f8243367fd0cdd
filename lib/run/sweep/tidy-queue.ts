// What lies in a namespace's queue and nobody waits for: changes that dead processes left are decided, refused and unreadable ones go.

import { queuePrefix } from '../../namespace/keys.ts'
import { decideQueue } from '../../namespace/leading.ts'
import type { OpenNamespace } from '../../namespace/namespace.ts'
import { type Intent, readIfSound, readQueue } from '../../namespace/queue.ts'
import { graceOf } from '../../store/grace.ts'
import type { SweptChange } from './report.ts'
import type { Sweeping } from './sweeping.ts'

/** Who leads removes what it has committed, and notes in its place why it has refused it. */
const outcomeOf = (left: Intent | undefined): SweptChange['done'] => {
  if (!left) return 'committed'
  return left.version.value.rejected ? 'refused' : 'waiting'
}

/** A change waits no longer than this for a leader that lives. */
const PATIENCE_MS = 60_000

export async function tidyQueue(
  context: OpenNamespace,
  { dryRun, author, tally }: Sweeping,
  now: number,
): Promise<void> {
  const listed: { key: string; size: number; age: number }[] = []
  for await (const entry of context.store.list({ prefix: queuePrefix(context.name) })) {
    if (entry.kind === 'object') listed.push({ key: entry.key, size: entry.size, age: now - entry.lastModified })
  }
  if (!listed.some(({ age }) => age > PATIENCE_MS)) return
  const intents = await readQueue(context)
  if (intents.length > 0 && !dryRun) await decideQueue(context, author)
  const { name: namespace } = context
  for (const { key, change } of intents) {
    const done = dryRun ? 'waiting' : outcomeOf(await readIfSound(context, key))
    tally.changes.push({ namespace, id: change.id, author: change.author, done })
  }
  const waiting = new Set(intents.map(({ key }) => key))
  const settled = listed.filter(({ key, age }) => !waiting.has(key) && age > graceOf(context.store))
  if (!dryRun && settled.length > 0) await context.store.delete(settled.map(({ key }) => key))
  for (const { size } of settled) tally.remove('queue', size)
}
