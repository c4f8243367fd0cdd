// The pin of a fork: the object under the parent's `forks/` that holds what the child reaches of its parent. It is put before or
// together with the child's head, never after, and is the last thing to go: while it stands, nothing that it names is swept (G9).

import { childName, type NamespaceName } from '../names.ts'
import { type Base, emptyHead, type ForkPin, formatOfLayers, type Head, type NewHead } from '../namespace/head.ts'
import { forkKey, forksPrefix, parseForkKey } from '../namespace/keys.ts'
import { type OpenNamespace, openNamespace } from '../namespace/namespace.ts'
import { newId } from '../namespace/object-id.ts'
import { type PolicyRule, portable } from '../namespace/policy.ts'
import { putImmutable } from '../store/immutable.ts'
import { encodeJson } from '../store/json-object.ts'

const segmentOf = (name: NamespaceName) => name.slice(name.lastIndexOf('/') + 1)

const keyOf = (parent: NamespaceName, child: NamespaceName, base: Base) =>
  forkKey(parent, { seq: base.seq, child: segmentOf(child), id: base.fork })

/** Begins to put the pin of `child` on the parent's `head`. */
export function putPin(parent: OpenNamespace, child: OpenNamespace, head: Head): { base: Base; put: Promise<unknown> } {
  const fork = newId(parent.ambient)
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
  const bases = [head.base, ...(head.oldBases ?? [])].filter(base => base !== undefined)
  await removePins(parent, head.namespace, bases)
}

export async function removeForks(parent: OpenNamespace, forks: readonly OpenFork[]): Promise<void> {
  await parent.store.delete(forks.map(({ key }) => key))
}

export interface OpenFork {
  readonly name: NamespaceName
  readonly seq: number
  readonly fork: string
  readonly key: string
  readonly bytes: number
  /** When its pin was put, by the store's clock. */
  readonly putAt: number
}

/** The open children of a namespace, by their pins: no child is read, however many runs there ever were. */
export async function listForks(parent: OpenNamespace): Promise<OpenFork[]> {
  const forks: OpenFork[] = []
  for await (const entry of parent.store.list({ prefix: forksPrefix(parent.name) })) {
    const parsed = entry.kind === 'object' && parseForkKey(parent.name, entry.key)
    if (!parsed) continue
    const { key, size: bytes, lastModified: putAt } = entry
    forks.push({ name: childName(parent.name, parsed.child), seq: parsed.seq, fork: parsed.id, key, bytes, putAt })
  }
  return forks
}

/**
 * The names of the runs that were forked from this namespace and have not ended. A pin whose child's head is not there is none:
 * its fork crashed, or will look at this namespace's state once it is.
 */
export async function openChildren(parent: OpenNamespace): Promise<NamespaceName[]> {
  const forks = await listForks(parent)
  const names = [...new Set(forks.map(fork => fork.name))]
  const heads = await Promise.all(names.map(name => openNamespace(parent.store, name, parent.ambient).head.peek()))
  return names.filter((_, i) => heads[i]?.value.state === 'open' || heads[i]?.value.state === 'sealed')
}

export function newHeadOfRun(
  child: OpenNamespace,
  base: Base,
  about: {
    label: string
    onError: 'keep' | 'discard' | 'fold'
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
