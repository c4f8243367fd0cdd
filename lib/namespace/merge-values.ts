// Merging two values of one path, given the value that both began with. Pure; undefined means that they cannot be merged.
import { isDeepStrictEqual } from 'node:util'

/** For append-only logs: all lines of `ours`, then those that `theirs` added to `base`, in their order, each as often. */
export function unionLines(base: string, ours: string, theirs: string): string {
  const unseen = new Map<string, number>()
  for (const line of linesOf(base)) unseen.set(line, (unseen.get(line) ?? 0) + 1)
  const added = linesOf(theirs).filter(line => {
    const count = unseen.get(line) ?? 0
    unseen.set(line, count - 1)
    return count <= 0
  })
  if (added.length === 0) return ours
  return `${ours}${ours === '' || ours.endsWith('\n') ? '' : '\n'}${added.join('\n')}${theirs.endsWith('\n') ? '\n' : ''}`
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** Three-way by key, recursively. Undefined when a side is not JSON or has numbers that are not exact, or both changed the same key differently. */
export function mergeJson(base: string | undefined, ours: string, theirs: string): string | undefined {
  try {
    const merged = mergeNode(base === undefined ? undefined : exactly(base), exactly(ours), exactly(theirs))
    return merged === CONFLICT
      ? undefined
      : `${JSON.stringify(merged, null, indentOf(ours))}${ours.endsWith('\n') ? '\n' : ''}`
  } catch {
    return undefined
  }
}

/** @throws when a number would come back as another one: nobody may find changed what nobody changed */
function exactly(text: string): Json {
  const value = JSON.parse(text) as Json
  for (const [token] of text.matchAll(STRING_OR_NUMBER))
    if (!token.startsWith('"') && decimal(token) !== decimal(String(Number(token))))
      throw new RangeError(`the number ${token} cannot be merged`)
  return value
}

const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g
const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i

/** What a number says, however it is written: its digits without zeros at the ends, and the power of ten. */
function decimal(literal: string): string {
  const [, sign = '', whole, fraction = '', power = '0'] = NUMBER.exec(literal) ?? []
  if (whole === undefined) return literal // Infinity
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  return `${sign}${significant}e${Number(power) - fraction.length + digits.length - significant.length}`
}

const CONFLICT = Symbol('conflict')
type Side = Json | undefined

function mergeNode(base: Side, ours: Side, theirs: Side): Side | typeof CONFLICT {
  if (isDeepStrictEqual(ours, theirs) || isDeepStrictEqual(theirs, base)) return ours
  if (isDeepStrictEqual(ours, base)) return theirs
  if (!isObject(ours) || !isObject(theirs)) return CONFLICT
  const from = isObject(base) ? base : {}
  const merged: [string, Json][] = []
  for (const key of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    const value = mergeNode(own(from, key), own(ours, key), own(theirs, key))
    if (value === CONFLICT) return CONFLICT
    if (value !== undefined) merged.push([key, value])
  }
  return Object.fromEntries(merged)
}

const own = (object: { [key: string]: Json }, key: string): Side =>
  Object.hasOwn(object, key) ? object[key] : undefined

function isObject(value: Side): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const indentOf = (text: string): string => /^[[{]\r?\n([ \t]+)/.exec(text)?.[1] ?? ''
