// Paths, namespace names and ids: parsed once at the border, branded, and trusted inside (G10).
// A path or name that passes here can lie in a key, a file name and a JSON line without any further quoting.
import { InvalidNameError, InvalidPathError } from './errors.ts'

declare const brand: unique symbol
type Branded<Of, Name extends string> = Of & { readonly [brand]: Name }

/** A path inside a namespace: relative, forward slashes, NFC, at most 900 bytes of UTF-8. */
export type Path = Branded<string, 'Path'>
/** A namespace's full name: segments joined by `/`; the parent of `a/b` is `a`. */
export type NamespaceName = Branded<string, 'NamespaceName'>
/** One segment of a namespace name: a run id, a lease name. */
export type Segment = Branded<string, 'Segment'>
/** An opaque version token of a stored object, without quotes. */
export type Etag = Branded<string, 'Etag'>

const SEGMENT = /^[a-z0-9][a-z0-9._-]{0,63}$/
const MAX_PATH_BYTES = 900
const MAX_DEPTH = 8

/** Parses a run id, a lock's name or one segment of a namespace name. `kind` names it in the error. */
export function parseSegment(text: unknown, kind: string): Segment {
  if (typeof text !== 'string') throw new InvalidNameError(kind, typeof text, 'is not a string')
  if (!SEGMENT.test(text)) throw new InvalidNameError(kind, text, 'is not a valid name')
  return text as Segment
}

/** The lease of a named lock. */
export const lockLease = (lock: Segment): string => `lock.${lock}`

/** Whether it is the lease of a named lock. */
export const isLockLease = (lease: string): boolean => lease.startsWith('lock.') && SEGMENT.test(lease.slice(5))

/** Whether `parseSegment` takes it. */
export function isSegment(text: string): text is Segment {
  return SEGMENT.test(text)
}

/** Parses a namespace's full name, at most eight segments deep. */
export function parseNamespaceName(text: unknown): NamespaceName {
  if (typeof text !== 'string') throw new InvalidNameError('namespace', typeof text, 'is not a string')
  const segments = text.split('/')
  if (segments.length > MAX_DEPTH)
    throw new InvalidNameError('namespace', text, `is more than ${MAX_DEPTH} levels deep`)
  if (!segments.every(segment => SEGMENT.test(segment))) {
    throw new InvalidNameError('namespace', text, 'is not a valid name (segments joined by "/")')
  }
  return text as NamespaceName
}

/** Whether `parseNamespaceName` takes it. */
export function isNamespaceName(text: string): text is NamespaceName {
  const segments = text.split('/')
  return segments.length <= MAX_DEPTH && segments.every(isSegment)
}

/** Whether a namespace is `name` or lies below it. */
export const isInFamily = (name: NamespaceName, other: NamespaceName): boolean =>
  other === name || other.startsWith(`${name}/`)

/** The name of the child `segment` of `parent`. */
export function childName(parent: NamespaceName, segment: Segment): NamespaceName {
  return parseNamespaceName(`${parent}/${segment}`)
}

/** The last segment: of a run its id. */
export const lastSegment = (name: NamespaceName): Segment => name.slice(name.lastIndexOf('/') + 1) as Segment

/** The parent of a run, and its id. */
export function splitName(name: string): { parent: string; id: Segment } {
  const at = name.lastIndexOf('/')
  return { parent: name.slice(0, at), id: name.slice(at + 1) as Segment }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are just what is refused here
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/
/** Empty, or one or two dots. */
const ODD_SEGMENT = /(?:^|\/)\.{0,2}(?:\/|$)/

function problemOfPath(path: string): [problem: string, remedy: string] | undefined {
  if (path === '') return ['is empty', 'Name a file, like "data/a.json"']
  if (path.startsWith('/')) return ['is absolute', 'Use a path relative to the namespace, without a leading "/"']
  if (path.includes('\\')) return ['has a backslash', 'Separate folders with "/"']
  if (CONTROL.test(path)) return ['has a control character', 'Remove it']
  if (!path.isWellFormed()) return ['is not well-formed Unicode', 'Remove the lone surrogates']
  if (path.normalize('NFC') !== path) return ['is not in Unicode normal form C', "Pass path.normalize('NFC')"]
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return [`is over ${MAX_PATH_BYTES} bytes`, 'Shorten it']
  // Index files hold millions of paths, and next to none of them gets further than here.
  if (!ODD_SEGMENT.test(path)) return undefined
  const bad = path.split('/').find(segment => segment === '' || segment === '.' || segment === '..')
  if (bad === '') return ['has an empty segment', 'Remove the doubled or trailing "/"']
  return [`has a "${bad}" segment`, 'Resolve it before the call']
}

/** Parses a path inside a namespace. */
export function parsePath(path: unknown): Path {
  if (typeof path !== 'string') throw new InvalidPathError(typeof path, 'is not a string', 'Pass a string')
  const problem = problemOfPath(path)
  if (problem) throw new InvalidPathError(path, ...problem)
  return path as Path
}

/** Whether `parsePath` takes it. */
export function isPath(text: string): text is Path {
  return problemOfPath(text) === undefined
}

/** Parses the prefix of a listing: empty, or the beginning of a path (it may end within a segment or with `/`). */
export function parsePrefix(prefix: unknown): string {
  if (prefix === '') return ''
  if (typeof prefix !== 'string') throw new InvalidPathError(typeof prefix, 'is not a string', 'Pass a string')
  parsePath(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix)
  return prefix
}

/**
 * Orders strings by their UTF-8 bytes, as S3 lists keys. JavaScript's `<` compares UTF-16 units, which differs
 * only when surrogates meet the characters from U+E000 on.
 */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)
