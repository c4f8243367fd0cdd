// Sight: what the names in an object's folder mean. The folder holds an empty file `i-<incarnation>` and versions
// `<incarnation>.<generation>`, plain bytes; the greatest generation of that incarnation is the current version. Names of other
// incarnations are links that came too late (see versions.ts). Pure: it is given the names.
import type { Etag } from '../../names.ts'

/** One version of an object: which making of it, and which generation of that, from 1. */
export interface Version {
  readonly incarnation: string
  readonly generation: number
}

/** The current version, and what lies beside it. */
export interface Sight extends Version {
  /** Names of versions that no reader and no writer needs any more. */
  readonly stale: readonly string[]
}

/** How many generations stay: a writer that sleeps while fewer pass still learns its outcome. */
export const WINDOW = 16

const INCARNATION = /^i-([0-9a-z]+)$/
const VERSION = /^([0-9a-z]+)\.([0-9]{12})$/

/** The name of a version's file. */
export function fileName({ incarnation, generation }: Version): string {
  return `${incarnation}.${String(generation).padStart(12, '0')}`
}

/** The name of the file that says which incarnation the folder is. */
export function markerName(incarnation: string): string {
  return `i-${incarnation}`
}

/** Never repeats, even when a key is deleted and made again: an incarnation is random, and a generation only grows. */
export function etagOf(version: Version): Etag {
  return fileName(version) as Etag
}

/** Generation 0 says that the folder holds no version of its incarnation, which no writer leaves behind. */
export function sightOf(names: readonly string[]): Sight {
  const incarnation = names.map(name => INCARNATION.exec(name)?.[1]).find(id => id !== undefined) ?? ''
  const versions = names.flatMap(name => {
    const [, id, digits] = VERSION.exec(name) ?? []
    return id === undefined ? [] : [{ name, generation: id === incarnation ? Number(digits) : 0 }]
  })
  const generation = Math.max(0, ...versions.map(version => version.generation))
  const stale = versions.filter(version => version.generation === 0 || version.generation <= generation - WINDOW)
  return { incarnation, generation, stale: stale.map(version => version.name) }
}
