// Settling one conflict: a path that both sides changed since their base, differently. Applies the path's policy and gives the
// rows that must lie on top of the arriving ones. Reads and writes values only for the policies that merge them.
import { isInFamily, isPath, type NamespaceName, type Path } from '../names.ts'
import { whileDeciding } from './deciding.ts'
import { mergeJson, unionLines } from './merge-values.ts'
import type { PolicyRule } from './policy.ts'
import { deletedRow, type FileRow, isFile, type Row } from './row.ts'
import type { Content, Value, Values } from './values.ts'

/** The three sides of one path; undefined where it does not exist. */
export interface Sides {
  readonly path: Path
  readonly base: Row | undefined
  readonly ours: Row | undefined
  readonly theirs: Row | undefined
}

/**
 * Whether both sides changed the path. That both changed it to the same is agreement between branches of work, as in git; but
 * not between two writers of one namespace: two that each count from 5 to 6 have lost a count.
 */
export async function inConflict(
  { base, ours, theirs }: Sides,
  side: 'branch' | 'writer',
  values: Pick<Values, 'sameContent'>,
): Promise<boolean> {
  if ((await values.sameContent(ours, base)) || (await values.sameContent(theirs, base))) return false
  return side === 'writer' || !(await values.sameContent(ours, theirs))
}

/** Who is settling: where merged values go, and how new rows are signed. */
export interface Settling {
  readonly values: Values
  readonly namespace: NamespaceName
  readonly at: number
  readonly author: string
  /** Names the arriving side in the file name of `keep-both`. */
  readonly suffix: string
  /** Whether a path is in use, so that `keep-both` overwrites nothing. */
  readonly taken: (path: Path) => Promise<boolean>
}

/** Rows to lie on top so that what is there stays, when the arriving side only says again what both began with. */
export async function standing(sides: Sides, by: Settling): Promise<Row[]> {
  const { base, ours, theirs } = sides
  const saysNothing = (await by.values.sameContent(theirs, base)) && !(await by.values.sameContent(ours, base))
  return saysNothing ? [await again(sides, sides.ours, by)] : []
}

/** Rows to lie on top; or that it stays a conflict; or that only the process whose function it is can tell. */
type Settlement = { readonly rows: readonly Row[] } | { readonly error: unknown } | 'conflict' | 'owner'

export async function settle(sides: Sides, policy: PolicyRule['policy'], by: Settling): Promise<Settlement> {
  const { ours, theirs } = sides
  if (policy === 'error') return 'conflict'
  if (policy === 'owner') return 'owner'
  if (policy === 'theirs') return { rows: [] }
  if (policy === 'ours') return { rows: [await again(sides, ours, by)] }
  if (policy === 'keep-both') return keepBoth(sides, by)
  if (typeof policy === 'function') return decide(sides, policy, by)
  // Lines and keys can only be merged while both sides still have the file.
  if (!isFile(ours) || !isFile(theirs)) return 'conflict'
  const merged = await mergeByName(sides, policy, by, { ours, theirs })
  return merged === undefined ? 'conflict' : { rows: [await rowOf(sides.path, merged, by)] }
}

async function mergeByName(
  { base }: Sides,
  policy: 'union-lines' | 'json-merge',
  { values }: Settling,
  { ours, theirs }: { ours: FileRow; theirs: FileRow },
): Promise<Uint8Array | undefined> {
  // Lines are bytes between newlines, whatever their encoding: as latin1 every byte comes back as it was.
  const encoding = policy === 'union-lines' ? 'latin1' : 'utf8'
  const text = async (row: FileRow) => Buffer.from(await values.read(row)).toString(encoding)
  const [before, left, right] = await Promise.all([isFile(base) ? text(base) : undefined, text(ours), text(theirs)])
  const merged = policy === 'union-lines' ? unionLines(before ?? '', left, right) : mergeJson(before, left, right)
  return merged === undefined ? undefined : Buffer.from(merged, encoding)
}

async function decide(
  { path, base, ours, theirs }: Sides,
  policy: Exclude<PolicyRule['policy'], string>,
  by: Settling,
): Promise<Settlement> {
  const bytes = async (row: Row | undefined) => (isFile(row) ? by.values.read(row) : undefined)
  const values = await Promise.all([bytes(base), bytes(ours), bytes(theirs)])
  try {
    const kept = await whileDeciding({ url: by.values.url, name: by.namespace }, () => policy(path, ...values))
    return { rows: [kept === undefined ? deletion(path, by) : await rowOf(path, kept, by)] }
  } catch (error) {
    return { error } // the caller's own: it fails the change that it belongs to, and no other
  }
}

async function keepBoth(sides: Sides, by: Settling): Promise<Settlement> {
  const { path, ours, theirs } = sides
  // A side that deleted the file has nothing to keep: the other one's value is both.
  if (!isFile(theirs)) return { rows: [await again(sides, ours, by)] }
  if (!isFile(ours)) return { rows: [] }
  for (let n = 1; ; n++) {
    const beside = besideName(path, n === 1 ? by.suffix : `${by.suffix}-${n}`)
    if (!isPath(beside)) return 'conflict' // no room for a longer name
    if (!(await by.taken(beside))) return { rows: [await again(sides, ours, by), await copied(theirs, beside, by)] }
  }
}

/** The same file under another path. Its value too: a stored one belongs to one path, where a sweep looks whether it is needed. */
async function copied(row: FileRow, path: Path, { values, namespace }: Settling): Promise<Row> {
  if (row.value !== undefined) return { ...row, path }
  const { object: _, pack: __, external: ___, ...rest } = row
  return { ...rest, path, ...(await values.write(namespace, values.stream(row))) }
}

/** `logs/a.txt` beside which `run-7`'s value lands is `logs/a.run-7.txt`. */
export function besideName(path: string, suffix: string): string {
  const slash = path.lastIndexOf('/') + 1
  const dot = path.lastIndexOf('.')
  const cut = dot > slash ? dot : path.length
  return `${path.slice(0, cut)}.${suffix}${path.slice(cut)}`
}

/** What is there already, said again on top of what arrives. A run may name no object of its parent: it gets one of its own. */
async function again({ path }: Sides, ours: Row | undefined, by: Settling): Promise<Row> {
  if (!isFile(ours)) return deletion(path, by)
  const isOwn = ours.external !== undefined || isInFamily(by.namespace, ours.in)
  return isOwn ? ours : copied(ours, path, by)
}

const deletion = (path: Path, { namespace, at, author }: Settling): Row =>
  deletedRow(path, { in: namespace, at, author })

async function rowOf(path: Path, value: Value, by: Settling): Promise<Row> {
  const content: Content = await by.values.write(by.namespace, value)
  return { path, seq: 0, at: by.at, author: by.author, ...content }
}
