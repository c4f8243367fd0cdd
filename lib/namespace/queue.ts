// The queue of a namespace: changes that wait to be combined. Each is a register of its own: its owner puts it, whoever leads
// either commits and removes it, or replaces it by the reason why not.
import { concurrently } from '../concurrently.ts'
import { CorruptObjectError, FormatVersionError } from '../errors.ts'
import { rowsFormatSchema } from '../store/json-object.ts'
import { REQUESTS_AT_ONCE } from '../store/object-store.ts'
import { Register, type Version } from '../store/register.ts'
import * as z from '../vendor/zod.ts'
import type { Outcome } from './batch.ts'
import { type Change, fromStoredChange, storedChangeSchema, toStoredChange } from './change.ts'
import type { NamespaceContext } from './context.ts'
import { FOREIGN, namesOwn } from './head.ts'
import { queueKey, queuePrefix } from './keys.ts'
import { formatOf } from './row.ts'

const rejectionSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('conflict'), paths: z.array(z.string()) }),
  z.object({ kind: z.literal('owner') }),
  z.object({ kind: z.literal('stale') }),
  z.object({ kind: z.literal('fenced'), lease: z.string() }),
  z.object({ kind: z.literal('broken'), message: z.string() }),
  z.object({ kind: z.literal('sealed'), state: z.enum(['open', 'sealed', 'folded', 'discarded']) }),
])

const intentSchema = z.object({
  format: rowsFormatSchema,
  write: z.string(),
  change: storedChangeSchema,
  rejected: rejectionSchema.optional(),
})

type IntentRecord = z.infer<typeof intentSchema>
/** Why a waiting change was not committed. */
type Rejection = z.infer<typeof rejectionSchema>
type Refusal = Exclude<Outcome, { kind: 'committed' }>

/** A change that lies in the queue. */
export interface Intent {
  readonly key: string
  readonly change: Change
  readonly version: Version<IntentRecord>
}

const registerOf = (context: NamespaceContext, key: string) =>
  new Register(context.store, key, intentSchema, context.ambient)

/** Puts a change into the queue, in place of its own rejected form if there is one. */
export async function enqueue(
  context: NamespaceContext,
  change: Change,
  replacing?: Version<IntentRecord>,
): Promise<void> {
  const register = registerOf(context, queueKey(context.name, change.id))
  const format = formatOf(change.sets.flatMap(set => ('rows' in set ? set.rows : [])))
  await register.swap(replacing, { format, change: toStoredChange(change, context.name) })
}

/** The changes that wait, in order of arrival by the store's clock. Rejected ones wait for nobody. */
export async function readQueue(context: NamespaceContext): Promise<Intent[]> {
  const listed: { key: string; lastModified: number }[] = []
  for await (const entry of context.store.list({ prefix: queuePrefix(context.name) })) {
    if (entry.kind === 'object') listed.push(entry)
  }
  listed.sort((a, b) => a.lastModified - b.lastModified || (a.key < b.key ? -1 : 1))
  const intents = await concurrently(listed, REQUESTS_AT_ONCE, ({ key }) => readIfSound(context, key))
  return intents.filter(waits)
}

/** Whether the change waits: whoever leads next will commit it. */
export async function isQueued(context: NamespaceContext, id: string): Promise<boolean> {
  return waits(await readIfSound(context, queueKey(context.name, id)))
}

const waits = (intent: Intent | undefined): intent is Intent => intent !== undefined && !intent.version.value.rejected

/** Garbage must not stand in the way of those that wait behind it: it is left where it lies, for people and the sweep. */
export async function readIfSound(context: NamespaceContext, key: string): Promise<Intent | undefined> {
  try {
    return await readIntent(context, key)
  } catch (error) {
    if (error instanceof CorruptObjectError || error instanceof FormatVersionError) return undefined
    throw error
  }
}

async function readIntent(context: NamespaceContext, key: string): Promise<Intent | undefined> {
  const version = await registerOf(context, key).read()
  if (!version) return undefined
  const { sets } = version.value.change
  if (!sets.every(set => namesOwn(context.name, 'rows' in set ? set.rows : set.files)))
    throw new CorruptObjectError(key, FOREIGN)
  return { key, change: fromStoredChange(version.value.change, context.name), version }
}

/** Why the change was rejected; undefined while it waits, or when it is gone. */
export async function readRejection(
  context: NamespaceContext,
  id: string,
): Promise<{ reason: Rejection; version: Version<IntentRecord> } | undefined> {
  const intent = await readIntent(context, queueKey(context.name, id))
  const reason = intent?.version.value.rejected
  return intent && reason && { reason, version: intent.version }
}

/** Tells the owner why not. Should the owner have changed the intent meanwhile, it simply waits again. */
export async function reject(context: NamespaceContext, intent: Intent, reason: Refusal): Promise<void> {
  const { write: _, ...record } = intent.version.value
  const rejected = portableReason(reason)
  await registerOf(context, intent.key).swap(intent.version, { ...record, rejected })
}

function portableReason(reason: Refusal): Rejection {
  if (reason.kind === 'conflict') return { ...reason, paths: [...reason.paths] }
  return reason.kind === 'failed' ? { kind: 'owner' } : reason
}

export const keysOf = (context: NamespaceContext, ids: readonly string[]): string[] =>
  ids.map(id => queueKey(context.name, id))

/** Removes changes that are committed, or given up. */
export async function dequeue(context: NamespaceContext, keys: readonly string[]): Promise<void> {
  if (keys.length > 0) await context.store.delete(keys)
}
