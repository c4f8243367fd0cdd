// The rows of the benchmark: paths as a control plane has them, `data/<type>/<model>/<name>/<version>/raw`, 40 models of which one
// holds 40% of all rows as thousands of versions of the same names. A generator in path order, the same for the same number of
// rows, so that ten million of them never lie in memory. What is random in a real row (SHA-256, ids) is random here too, or the
// index would compress better than real ones do.
import { createCipheriv, createHash } from 'node:crypto'

export const MODELS = 40
export const BIG_MODEL = 0
const BIG_SHARE = 0.4
export const VERSIONS = { big: 2000, small: 20 }
/** None is the start of another: sorted by name they are sorted by path. */
const TYPES = ['backup', 'certificate', 'cluster', 'database', 'instance', 'network', 'queue', 'volume']
const STARTED_AT = Date.UTC(2025, 0, 1)
const COMMITS = 1000
const SMALL_BYTES = 400

/** The model that the working copies follow a part of, and the one that is listed and read as a small one. */
export const WATCHED_MODEL = 7
export const SMALL_MODEL = 23
const SAMPLES = 12

export interface BaseRow {
  readonly path: string
  readonly seq: number
  readonly at: number
  readonly author: string
  readonly size: number
  readonly sha256: string
  /** A small value that is really there, or the id of an object that is not: nobody reads it. */
  readonly value: { readonly real: string } | { readonly object: string }
}

/**
 * `objects`: but for the paths that are read, every value is an object of its own, which need not be there. `packs`: half of them are small
 * and really there, in packs: a compaction moves them about.
 */
export type BaseValues = 'objects' | 'packs'

export const modelPrefix = (model: number): string =>
  `data/${TYPES[model % TYPES.length]}/model-${String(model).padStart(2, '0')}/`

/** The prefix that the working copies follow: one name of a small model. */
export const WATCHED_PREFIX = namePrefix(WATCHED_MODEL, 0)

export function namePrefix(model: number, name: number): string {
  return `${modelPrefix(model)}result-${String(name).padStart(5, '0')}/`
}

export const pathOf = (model: number, name: number, version: number): string =>
  `${namePrefix(model, name)}${version}/raw`

export function rowsOfModel(total: number, model: number): number {
  const big = Math.round(total * BIG_SHARE)
  if (model === BIG_MODEL) return big
  const [share, rest] = [Math.floor((total - big) / (MODELS - 1)), (total - big) % (MODELS - 1)]
  return share + (model <= rest ? 1 : 0)
}

const versionsOf = (model: number): number => (model === BIG_MODEL ? VERSIONS.big : VERSIONS.small)

export const namesOf = (total: number, model: number): number =>
  Math.ceil(rowsOfModel(total, model) / versionsOf(model))

const versionsOfName = (total: number, model: number, name: number): number =>
  Math.min(versionsOf(model), rowsOfModel(total, model) - name * versionsOf(model))

/** How many rows lie below WATCHED_PREFIX. */
export const watchedRows = (total: number): number => versionsOfName(total, WATCHED_MODEL, 0)

/** A path of that model with a value that is there. */
export function samplePath(total: number, model: number, sample: number): string {
  const name = Math.floor((namesOf(total, model) * (sample % SAMPLES)) / SAMPLES)
  return pathOf(model, name, 1)
}

/** What a real path holds: one KiB. */
export const contentOf = (path: string): string =>
  Array.from({ length: 16 }, (_, i) => createHash('sha256').update(`${path} ${i}`).digest('hex')).join('')

/** All rows, or those of some models, sorted by path. */
export function* baseRows(
  total: number,
  { models = sortedModels(), values = 'objects' }: { models?: readonly number[] | undefined; values?: BaseValues } = {},
): Generator<BaseRow> {
  const real = realPaths(total)
  for (const model of models) {
    const random = new Keystream(`model ${model} of ${total} rows`)
    const author = `poller-${model}@control-plane`
    for (const path of pathsOf(total, model)) {
      const seq = 1 + random.below(COMMITS)
      const about = { path, seq, at: STARTED_AT + seq * 60_000, author }
      if (real.has(path)) yield { ...about, ...realValue(contentOf(path)) }
      else if (values === 'packs' && random.below(2) === 0)
        yield { ...about, ...realValue(random.hex(SMALL_BYTES / 2)) }
      else {
        const [size, sha256] = [4097 + random.below(60_000), random.hex(32)]
        yield { ...about, size, sha256, value: { object: random.id(about.at) } }
      }
    }
  }
}

function realValue(value: string): Pick<BaseRow, 'size' | 'sha256' | 'value'> {
  const sha256 = createHash('sha256').update(value).digest('hex')
  return { size: value.length, sha256, value: { real: value } }
}

/** The models in the order of their paths. */
export const sortedModels = (): number[] =>
  Array.from({ length: MODELS }, (_, model) => model).sort((a, b) => (modelPrefix(a) < modelPrefix(b) ? -1 : 1))

function* pathsOf(total: number, model: number): Generator<string> {
  for (let name = 0; name < namesOf(total, model); name++) {
    const prefix = namePrefix(model, name)
    for (const version of sortedVersions(versionsOfName(total, model, name))) yield `${prefix}${version}/raw`
  }
}

/** The path that comes so many after the first one of its model. */
export function pathAt(total: number, model: number, i: number): string {
  const name = Math.floor(i / versionsOf(model))
  const version = sortedVersions(versionsOfName(total, model, name))[i % versionsOf(model)]
  return `${namePrefix(model, name)}${version}/raw`
}

const sorted = new Map<number, readonly string[]>()

/** 1, 10, 100, 1000, 1001 …: versions in the order of their bytes. */
function sortedVersions(count: number): readonly string[] {
  const known = sorted.get(count) ?? Array.from({ length: count }, (_, i) => String(i + 1)).sort()
  sorted.set(count, known)
  return known
}

function realPaths(total: number): Set<string> {
  const real = new Set<string>()
  for (let version = 1; version <= watchedRows(total); version++) real.add(pathOf(WATCHED_MODEL, 0, version))
  for (const model of [BIG_MODEL, SMALL_MODEL]) {
    for (let sample = 0; sample < SAMPLES; sample++) real.add(samplePath(total, model, sample))
  }
  return real
}

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz'

/** Random bytes that are the same each time: a cipher's keystream. */
export class Keystream {
  readonly #cipher
  #bytes = Buffer.alloc(0)
  #at = 0

  constructor(seed: string) {
    this.#cipher = createCipheriv('aes-128-ctr', createHash('md5').update(seed).digest(), Buffer.alloc(16))
  }

  hex(bytes: number): string {
    return this.#take(bytes).toString('hex')
  }

  /** In the form of the ids that runlet makes. */
  id(at: number): string {
    let id = `${at.toString(36).padStart(9, '0')}-`
    for (const byte of this.#take(16)) id += ALPHABET[byte % ALPHABET.length]
    return id
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return this.#take(4).readUInt32LE() % limit
  }

  #take(bytes: number): Buffer {
    if (this.#at + bytes > this.#bytes.length) {
      this.#bytes = this.#cipher.update(Buffer.alloc(64 * 1024))
      this.#at = 0
    }
    this.#at += bytes
    return this.#bytes.subarray(this.#at - bytes, this.#at)
  }
}
