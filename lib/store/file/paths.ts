// Where a key lies on the disk: `a/b/c` is the folder `<root>/a/b/c@`, and nothing but an object has an '@' in its name, so the
// object `a` and the folder `a` of other objects lie side by side. The invariant: no key and no prefix leads out of the root, or
// into `.tmp`, where half-made things lie. It touches no disk.
import { join } from 'node:path'
import { InvalidArgumentError } from '../../errors.ts'

/** The folder below the root for what is being made or removed. It is on the same disk, so that moving from it is atomic. */
export const TEMPORARY = '.tmp'

const OBJECT_MARK = '@'
/** File systems allow names of 255 bytes; one is for the mark. */
const MAX_SEGMENT_BYTES = 254

/** A key, and the folder of its object. */
export interface Place {
  readonly key: string
  readonly folder: string
}

/** Where `key` lies below `root`. Throws InvalidArgumentError for a key that no folder can stand for. */
export function placeOf(root: string, key: string): Place {
  return { key, folder: join(root, ...parseSegments('key', key)) + OBJECT_MARK }
}

/** The deepest folder that holds every key with this prefix, as the beginning of those keys: empty, or ending in '/'. */
export function parseFolderOf(prefix: string): string {
  const beginning = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  if (beginning !== '') parseSegments('prefix', beginning.slice(0, -1))
  return beginning
}

/** Where the folder whose keys begin with `beginning` lies below `root`. */
export function folderAt(root: string, beginning: string): string {
  return join(root, beginning)
}

/** What a name inside such a folder stands for: an object, a folder of more keys, or nothing of the store's. */
export function parseFolderName(name: string): { kind: 'object' | 'folder'; segment: string } | undefined {
  const isObject = name.endsWith(OBJECT_MARK)
  const segment = isObject ? name.slice(0, -1) : name
  if (problemOfSegment(segment)) return undefined
  return { kind: isObject ? 'object' : 'folder', segment }
}

function parseSegments(argument: string, key: string): string[] {
  const segments = key.split('/')
  const problem = segments[0] === TEMPORARY ? RESERVED : segments.map(problemOfSegment).find(found => found)
  if (problem)
    throw new InvalidArgumentError(argument, `${JSON.stringify(key.slice(0, 200))} ${problem[0]}`, problem[1])
  return segments
}

type Problem = readonly [problem: string, remedy: string]

const RESERVED: Problem = [`lies in "${TEMPORARY}"`, 'Choose another name: the file store works there']

function problemOfSegment(segment: string): Problem | undefined {
  if (segment === '') return ['has an empty segment', 'Remove the leading, doubled or trailing "/"']
  if (segment === '.' || segment === '..') return [`has a "${segment}" segment`, 'Resolve it before the call']
  if (/[@\\\0]/.test(segment))
    return ["has an '@', a backslash or a NUL", 'Leave it out: the file store cannot keep it']
  if (!segment.isWellFormed()) return ['is not well-formed Unicode', 'Remove the lone surrogates']
  if (Buffer.byteLength(segment) <= MAX_SEGMENT_BYTES) return undefined
  return [`has a segment of more than ${MAX_SEGMENT_BYTES} bytes`, 'Shorten it, or divide it with "/"']
}
