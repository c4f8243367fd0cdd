// The pin of a fork: the object under the parent's `forks/` that holds what the child reaches of its parent. It is put before or
// together with the child's head, never after, and is the last thing to go: while it stands, nothing that it names is swept (G9).
import { concurrently } from '../concurrently.ts'
import { childName, lastSegment, type NamespaceName } from '../names.ts'
import {
  type Base,
  emptyHead,
  type ForkPin,
  forkSchema,
  formatOfLayers,
  type Head,
  type NewHead,
} from '../namespace/head.ts'
import { foldSignKey, forkKey, forksPrefix, parseFoldSignKey, parseForkKey } from '../namespace/keys.ts'
import { type OpenNamespace, openNamespace } from '../namespace/namespace.ts'
import { newId, REFRESH_ID } from '../namespace/object-id.ts'
import { type PolicyRule, portable } from '../namespace/policy.ts'
import { MAX_DOCUMENT_BYTES } from '../store/bounded.ts'
import { putImmutable } from '../store/immutable.ts'
import { decodeJson, encodeJson, FORMAT } from '../store/json-object.ts'
import { type ListEntry, REQUESTS_AT_ONCE } from '../store/object-store.ts'
import type { OnError } from './run.ts'

const keyOf = (parent: NamespaceName, child: NamespaceName, base: Base) =>
  forkKey(parent, { seq: base.seq, child: lastSegment(child), id: base.fork })

/** Whether the run's user may have put this pin: what it says of the run is the run's own word then. */
export const isOfRefresh = ({ fork }: Pick<Pinned, 'fork'>): boolean => fork.startsWith(REFRESH_ID)

/** Begins to put the pin of `child` on the parent's `head`; `by`: a fork, with what it chose, or a refresh. */
export function putPin(
  parent: OpenNamespace,
  child: OpenNamespace,
  head: Head,
  by: { readonly onError: OnError } | 'refresh',
): { base: Base; put: Promise<unknown> } {
  const fork = by === 'refresh' ? `${REFRESH_ID}${newId(parent.ambient)}` : newId(parent.ambient)
  const base: Base = { namespace: parent.name, seq: head.seq, fork, ...(head.base && { below: head.base.fork }) }
  const pin: ForkPin = {
    format: formatOfLayers(head.layers),
    write: fork,
    fork,
    child: child.name,
    namespace: parent.name,
    seq: head.seq,
    at: parent.ambient.now(),
    layers: head.layers,
    ...(head.base && { base: head.base }),
    ...(by !== 'refresh' && { onError: by.onError }),
  }
  const key = keyOf(parent.name, child.name, base)
  const put = putImmutable(parent.store, parent.ambient, key, encodeJson(pin)).then(() =>
    child.views.remember(key, pin),
  )
  return { base, put }
}

export async function removePins(parent: OpenNamespace, child: NamespaceName, bases: readonly Base[]): Promise<void> {
  await parent.store.delete(bases.map(base => keyOf(parent.name, child, base)))
}

/**
 * The last step of a run's end, once its head says `folded` or `discarded`. Its owner lease stays as it is: a lease is never deleted,
 * and the next run of the same id takes it by force, for the head says that nobody needs it.
 */
export async function removeAllPins(parent: OpenNamespace, head: Head): Promise<void> {
  const pins = basesOf(head).map(base => keyOf(parent.name, head.namespace, base))
  const signs = head.base ? [signOf(parent, head, head.base)] : []
  await parent.store.delete([...signs, ...pins])
}

const signOf = (parent: OpenNamespace, { namespace, seq }: Head, { fork }: Base): string =>
  foldSignKey(parent.name, { seq, child: lastSegment(namespace), id: fork })

const basesOf = ({ base, oldBases = [] }: Head): Base[] => [base, ...oldBases].filter(one => one !== undefined)

/**
 * Leaves a sign in the parent that this run is being folded, before its head says `sealed`: a sweep finishes such folds, and no seal that
 * only the run's own user has made. It is for the run as it is at this commit: should it never be sealed, and be written on, then nobody has
 * said of what comes that it is to be folded.
 */
export async function signFold(parent: OpenNamespace, head: Head): Promise<void> {
  const { namespace, base, seq } = head
  if (!base) return
  const sign = { format: FORMAT, run: namespace, seq, fork: base.fork, at: parent.ambient.now() }
  const key = signOf(parent, head, base)
  await putImmutable(parent.store, parent.ambient, key, encodeJson(sign))
}

export async function takeBackSign(parent: OpenNamespace, head: Head | undefined): Promise<void> {
  if (head?.base) await parent.store.delete([signOf(parent, head, head.base)])
}

export async function removeForks(parent: OpenNamespace, forks: readonly Pinned[]): Promise<void> {
  await parent.store.delete(forks.map(({ key }) => key))
}

/** A pin, or the sign of a fold. */
export interface Pinned {
  readonly name: NamespaceName
  /** Of a pin the parent's, of a sign the run's. */
  readonly seq: number
  readonly fork: string
  readonly key: string
  readonly bytes: number
  /** When it was put, by the store's clock. */
  readonly putAt: number
}

/** Whether it is the sign of the fold of this run as it is. */
export const isSignOf = ({ base, seq }: Head, sign: Pinned): boolean => sign.fork === base?.fork && sign.seq === seq

/** The open children of a namespace, by their pins: no child is read, however many runs there ever were. */
export const listForks = async (parent: OpenNamespace): Promise<Pinned[]> => (await listForksAndSigns(parent)).forks

interface ForksAndSigns {
  readonly forks: Pinned[]
  /** Of the folds that were begun. */
  readonly signs: Pinned[]
}

export async function listForksAndSigns({ name, store }: OpenNamespace): Promise<ForksAndSigns> {
  const listed: ListEntry[] = []
  for await (const entry of store.list({ prefix: forksPrefix(name) })) listed.push(entry)
  return forksAndSignsAmong(name, listed)
}

/** Those that a listing of the parent has, whatever else was listed. */
export function forksAndSignsAmong(parent: NamespaceName, listed: readonly ListEntry[]): ForksAndSigns {
  const [forks, signs]: [Pinned[], Pinned[]] = [[], []]
  for (const entry of listed) {
    if (entry.kind !== 'object') continue
    const { key, size: bytes, lastModified: putAt } = entry
    const pin = parseForkKey(parent, key)
    const parsed = pin ?? parseFoldSignKey(parent, key)
    if (!parsed) continue
    const name = childName(parent, parsed.child)
    const about = { name, seq: parsed.seq, fork: parsed.id, key, bytes, putAt }
    if (pin) forks.push(about)
    else signs.push(about)
  }
  return { forks, signs }
}

/** What the fork that put this pin has chosen for the run; undefined when it does not say so, or is gone. */
export async function choiceOf({ store, name }: OpenNamespace, fork: Pinned): Promise<OnError | undefined> {
  const answer = await store.get(fork.key, { maxBytes: MAX_DOCUMENT_BYTES })
  if (answer.status !== 'found') return undefined
  const pin = decodeJson(fork.key, answer.body, forkSchema)
  return pin.child === fork.name && pin.namespace === name && pin.fork === fork.fork ? pin.onError : undefined
}

/**
 * The names of the runs that were forked from this namespace and have not ended. A pin whose child's head is not there is none:
 * its fork crashed, or will look at this namespace's state once it is.
 */
export const openChildren = async (parent: OpenNamespace): Promise<NamespaceName[]> =>
  openAmong(parent, await listForks(parent))

/** Those of them that have not ended. */
export async function openAmong(parent: OpenNamespace, forks: readonly Pinned[]): Promise<NamespaceName[]> {
  const names = [...new Set(forks.map(fork => fork.name))]
  const heads = await concurrently(names, REQUESTS_AT_ONCE, name =>
    openNamespace(parent.store, name, parent.ambient).head.peek(),
  )
  return names.filter((_, i) => heads[i]?.value.state === 'open' || heads[i]?.value.state === 'sealed')
}

export function newHeadOfRun(
  child: OpenNamespace,
  base: Base,
  about: {
    label: string
    onError: OnError
    rules: readonly PolicyRule[]
    keepMs?: number | undefined
  },
): NewHead {
  const { label, onError, rules, keepMs } = about
  const onConflict = rules.length > 0 ? recordable(rules) : undefined
  return {
    ...emptyHead(child.name, child.ambient.now()),
    base,
    run: { label, onError, ...(onConflict && { onConflict }), ...(keepMs !== undefined && { keepMs }) },
  }
}

/** Policies as an object by glob. A function cannot be recorded; whoever finds the run must say what to do: `error`. */
function recordable(rules: readonly PolicyRule[]): Record<string, string> {
  return Object.fromEntries(portable(rules).map(({ glob, policy }) => [glob, policy === 'owner' ? 'error' : policy]))
}
