// Which head of the namespace a path of the copy is in step with. After a pull of everything that is one head for all paths. A pull of
// some prefixes brings only these to a newer one; and a push that others came before, or the fetch of a single file, puts what is
// remembered of a path ahead of either. Pure.
// The invariant: a push is made against a head that says of each of its paths what the copy remembers of it. Against an older one a
// change back would look like no change at all, against a newer one the change of somebody else would be overwritten.
import type { Head } from '../namespace/head.ts'
import type { Version } from '../store/register.ts'
import type { CopyHeader } from './copy-state.ts'

type Seen = Version<Head>

const versionOf = (of: { head?: Head | undefined; etag?: string | undefined } | undefined): Seen | undefined =>
  of?.head && of.etag ? { value: of.head, etag: of.etag as Seen['etag'] } : undefined

const isUnder = (path: string, prefixes: readonly string[] | undefined): boolean =>
  prefixes?.some(prefix => path.startsWith(prefix)) ?? false

/** The head that everything under a prefix was brought in step with; what is remembered may be newer. */
export function seenUnder(header: CopyHeader, prefix: string): Seen | undefined {
  return versionOf(isUnder(prefix, header.reached?.prefixes) ? header.reached : header)
}

/** The head that says of a path what the copy remembers of it; undefined when none is known to. */
export function footingOf(header: CopyHeader, path: string): Seen | undefined {
  if (isUnder(path, header.reached?.prefixes)) return versionOf(header.reached)
  return header.ahead ? undefined : versionOf(header)
}

/** Whether a pull of everything has something to do that a look at the newest head does not show. */
export const isUneven = ({ reached, ahead }: CopyHeader): boolean => reached !== undefined || ahead === true

/** After what starts with one of the prefixes was brought in step with `now`. */
export function afterPull(header: CopyHeader, now: Seen, prefixes: readonly string[]): CopyHeader {
  const { reached, ...rest } = header
  const at = { head: now.value, etag: now.etag }
  if (prefixes.includes(header.prefix)) return { ...rest, ...at, ahead: undefined }
  if (now.etag === header.etag && !header.ahead) return rest
  const others = reached?.prefixes.filter(prefix => !isUnder(prefix, prefixes)) ?? []
  const stays = reached?.etag === now.etag
  return {
    ...rest,
    ...(others.length > 0 && !stays && AHEAD),
    reached: { ...at, prefixes: [...(stays ? others : []), ...prefixes] },
  }
}

/**
 * After a commit of these paths against `base`. `next`: the head that it made, when nobody else's commit lies between: then whatever
 * was in step with `base` is in step with that.
 */
export function afterCommit(
  header: CopyHeader,
  paths: readonly string[],
  { base, next }: { base: Seen; next: Seen | undefined },
): CopyHeader {
  const moves = (etag: string | undefined) => next !== undefined && etag === base.etag
  const at = next && { head: next.value, etag: next.etag }
  const { reached, ...rest } = header
  const inside = paths.filter(path => isUnder(path, reached?.prefixes))
  const partly = reached && (moves(reached.etag) ? { ...reached, ...at } : inside.length > 0 ? undefined : reached)
  const whole = moves(header.etag)
  const isCovered = whole || (partly !== undefined && moves(reached?.etag) && inside.length === paths.length)
  return { ...rest, ...(whole && at), ...(partly && { reached: partly }), ...(!isCovered && AHEAD) }
}

/** When what is remembered of these paths may become newer than what they are in step with. */
export function aheadAt(header: CopyHeader, paths: readonly string[]): CopyHeader {
  if (paths.length === 0) return header
  const isReached = paths.some(path => isUnder(path, header.reached?.prefixes))
  return { ...header, ...AHEAD, ...(isReached && { reached: undefined }) }
}

const AHEAD = { ahead: true } as const
