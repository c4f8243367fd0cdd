// Lists of what a namespace no longer needs, under `garbage/`. A sweep writes one when it finds something, and a later one, a grace
// period on by the store's clock, deletes what is on it, if nothing that is open reaches it then. So readers of an older head have
// their time, and whoever finds something need not be the one who deletes it.
// Who may write a namespace writes its lists, and a sweep with more rights deletes: so a list is believed only of what lies below its
// namespace, which its writer could have deleted as well (see lib/README.md on what a sweep trusts).

import { CorruptObjectError } from '../../errors.ts'
import { isInFamily, type NamespaceName } from '../../names.ts'
import { isChild } from '../../namespace/head.ts'
import { garbagePrefix, historyKey, indexKey, packKey, valueKey } from '../../namespace/keys.ts'
import type { OpenNamespace } from '../../namespace/namespace.ts'
import { newId } from '../../namespace/object-id.ts'
import { idSchema, namespaceSchema, pathSchema } from '../../namespace/row.ts'
import { putImmutable } from '../../store/immutable.ts'
import { decodeJson, encodeJson, FORMAT } from '../../store/json-object.ts'
import * as z from '../../vendor/zod.ts'

const doomedSchema = z.object({
  kind: z.enum(['index', 'values', 'packs', 'history']),
  /** The namespace in whose folder it lies. */
  in: namespaceSchema,
  id: idSchema,
  bytes: z.number().int().nonnegative(),
  /** Where whoever needs it refers to it: the path of a value, the first one of an index file, one of a pack. Absent: nobody ever did. */
  path: pathSchema.optional(),
  level: z.number().int().nonnegative().optional(),
})

const listSchema = z.object({
  format: z.literal(FORMAT),
  /** The head that it was found out of use in had this seq: forks made there or before may reach it. */
  seq: z.number().int().nonnegative(),
  /** What was there already at this seq was not looked at: no fork made before can reach what is on the list. Absent: it was. */
  since: z.number().int().nonnegative().optional(),
  /** The forks that were looked at already, and do not reach it. */
  seen: z.array(idSchema).optional(),
  items: z.array(doomedSchema),
  /** Runs that have ended, whose folders may be emptied. */
  ended: z.array(namespaceSchema).optional(),
})

/** An object that is to be deleted. */
export type Doomed = z.infer<typeof doomedSchema>
export type GarbageList = Omit<z.infer<typeof listSchema>, 'format'>

/** So many objects stand on one list. */
const MAX_ITEMS = 10_000
/** Twice what so many with the longest paths and names take. */
const MAX_LIST_BYTES = 64 * 1024 * 1024
/** Ends the name of a list whose grace period is over, and that waits for a fork to end. */
const RIPE = '~ripe'
/** A list's name tells how much is on it. */
const NAME = /~(\d+)~(\d+)(~ripe)?$/

const KEYS = { index: indexKey, values: valueKey, packs: packKey, history: historyKey }

export const keyOf = ({ kind, in: home, id }: Doomed): string => KEYS[kind](home, id)

/** Ended runs go on a list of their own, before the others. */
export async function putGarbage(
  context: Pick<OpenNamespace, 'name' | 'store' | 'ambient'>,
  { items, ended = [], ...about }: GarbageList,
  state: 'new' | 'ripe' = 'new',
): Promise<void> {
  if (ended.length > 0) await putList(context, { ...about, items: [], ended }, state)
  for (let at = 0; at < items.length; at += MAX_ITEMS) {
    await putList(context, { ...about, items: items.slice(at, at + MAX_ITEMS) }, state)
  }
}

async function putList(
  { name, store, ambient }: Pick<OpenNamespace, 'name' | 'store' | 'ambient'>,
  list: GarbageList,
  state: 'new' | 'ripe',
): Promise<void> {
  const bytes = list.items.reduce((sum, item) => sum + item.bytes, 0)
  const about = `${newId(ambient)}~${list.items.length}~${bytes}${state === 'ripe' ? RIPE : ''}`
  await putImmutable(store, ambient, `${garbagePrefix(name)}${about}`, encodeJson({ format: FORMAT, ...list }))
}

/** Notes that a run has ended, for a sweep to empty its folder. */
export function noteEnded(parent: OpenNamespace, run: NamespaceName): Promise<void> {
  return putGarbage(parent, { seq: 0, items: [], ended: [run] })
}

export interface ListedGarbage {
  readonly key: string
  /** Of the list itself. */
  readonly size: number
  /** What is on it. */
  readonly objects: number
  readonly bytes: number
  readonly isRipe: boolean
}

/** The lists that there are; a list is ripe when it was written before `before`, by the store's clock. */
export async function listGarbage({ name, store }: OpenNamespace, before: number): Promise<ListedGarbage[]> {
  const lists: ListedGarbage[] = []
  for await (const entry of store.list({ prefix: garbagePrefix(name) })) {
    const parsed = entry.kind === 'object' && NAME.exec(entry.key)
    if (!parsed) continue
    const { key, size, lastModified } = entry
    const [, objects, bytes, ripe] = parsed
    const isRipe = ripe !== undefined || lastModified < before
    lists.push({ key, size, objects: Number(objects), bytes: Number(bytes), isRipe })
  }
  return lists
}

export interface ReadGarbage {
  /** What of it is the namespace's to delete. */
  readonly list: GarbageList
  /** That there was more. No sweep writes such a list. */
  readonly problem?: CorruptObjectError
}

/** Undefined when another sweep was faster. */
export async function readGarbage({ name, store }: OpenNamespace, key: string): Promise<ReadGarbage | undefined> {
  const answer = await store.get(key, { maxBytes: MAX_LIST_BYTES })
  if (answer.status !== 'found') return undefined
  const list = decodeJson(key, answer.body, listSchema)
  const items = list.items.filter(item => isInFamily(name, item.in))
  const ended = list.ended?.filter(run => isChild(run, name))
  const strange = list.items.length - items.length + (list.ended?.length ?? 0) - (ended?.length ?? 0)
  const own = { ...list, items, ...(ended && { ended }) }
  if (strange === 0) return { list: own }
  const about = `names ${strange} that lie outside "${name}", which were left alone`
  return { list: own, problem: new CorruptObjectError(key, about) }
}
