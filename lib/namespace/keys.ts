// Where everything of a namespace lies in the store. One prefix holds a whole family, so that a bucket policy can scope to it;
// `_` can be no namespace segment, so it separates a namespace's own objects from those of its children.
import { isSegment, type NamespaceName, type Segment } from '../names.ts'
import { ID } from './row.ts'

const SEQ_DIGITS = 12

const own = (namespace: string) => `ns/${namespace}/_`

export const headKey = (namespace: NamespaceName) => `${own(namespace)}/head`
export const indexKey = (namespace: string, id: string) => `${own(namespace)}/index/${id}`
export const valueKey = (namespace: string, id: string) => `${own(namespace)}/values/${id}`
export const packKey = (namespace: string, id: string) => `${own(namespace)}/packs/${id}`
export const historyKey = (namespace: string, id: string) => `${own(namespace)}/history/${id}`
export const leasePrefix = (namespace: NamespaceName) => `${own(namespace)}/lease/`
export const leaseKey = (namespace: NamespaceName, name: string) => `${leasePrefix(namespace)}${name}`
export const queuePrefix = (namespace: NamespaceName) => `${own(namespace)}/queue/`
export const queueKey = (namespace: NamespaceName, id: string) => `${queuePrefix(namespace)}${id}`
export const garbagePrefix = (namespace: NamespaceName) => `${own(namespace)}/garbage/`
/** What the sweep remembers for the next one. */
export const sweepKey = (namespace: NamespaceName, what: string) => `${own(namespace)}/sweep/${what}`
/** Everything of a namespace and of those below it. */
export const familyPrefix = (namespace: NamespaceName) => `ns/${namespace}/`
/** The part of a namespace's objects of one kind. */
export const kindPrefix = (namespace: NamespaceName, kind: string) => `${own(namespace)}/${kind}/`
/** What of a namespace stays when it has ended: others of the same name begin with it. */
export const isLasting = (key: string): boolean => /\/_\/(head$|lease\/)/.test(key)
export const forksPrefix = (namespace: NamespaceName) => `${own(namespace)}/forks/`

/** Objects that never change once they are there, and are read whole. */
export const isImmutable = (key: string): boolean => /\/_\/(index|history|forks)\//.test(key)

/**
 * The pin of one fork. It ends in the fork's own id, so that two processes that try to fork the same run at once
 * never remove one another's pin.
 */
export function forkKey(parent: NamespaceName, fork: { seq: number; child: string; id: string }): string {
  return `${forksPrefix(parent)}${String(fork.seq).padStart(SEQ_DIGITS, '0')}~${fork.child}~${fork.id}`
}

/**
 * The sign that who may write the parent has begun to fold a run as it is at its commit `seq`. It lies among the pins, so that one listing
 * tells of both, and has no `~` in its name: what a policy lets the run's user put there has.
 */
export const foldSignKey = (parent: NamespaceName, { seq, child, id }: { seq: number; child: string; id: string }) =>
  `${forksPrefix(parent)}folding.${child}.${seq}.${id}`

const FOLD_SIGN = /^folding\.(?<child>.+)\.(?<seq>\d{1,15})\.(?<id>[^.]+)$/

/** Reads a key made by foldSignKey; undefined for anything else that lies there. */
export function parseFoldSignKey(
  parent: NamespaceName,
  key: string,
): { seq: number; child: Segment; id: string } | undefined {
  const prefix = forksPrefix(parent)
  const {
    child = '',
    seq,
    id = '',
  } = (key.startsWith(prefix) && FOLD_SIGN.exec(key.slice(prefix.length))?.groups) || {}
  return isSegment(child) && ID.test(id) ? { seq: Number(seq), child, id } : undefined
}

/**
 * Reads a key made by forkKey; undefined for anything else that lies there: a policy lets a run's user put what has the run's name
 * somewhere in its key, which must not pass for the pin of another.
 */
export function parseForkKey(
  parent: NamespaceName,
  key: string,
): { seq: number; child: Segment; id: string } | undefined {
  const prefix = forksPrefix(parent)
  const [seq, child, id, more] = key.startsWith(prefix) ? key.slice(prefix.length).split('~') : []
  if (!seq || !child || !id || more !== undefined) return undefined
  return /^\d{1,15}$/.test(seq) && isSegment(child) && ID.test(id) ? { seq: Number(seq), child, id } : undefined
}
