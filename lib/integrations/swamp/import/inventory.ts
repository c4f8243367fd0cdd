// What a datastore holds: what its index says of each path, and what a listing shows. Hundreds of thousands of them: columns of numbers
// beside the paths, for an object each would take several times the room.
import { compareBytes, type Etag, type Path } from '../../../names.ts'

/** A file of the datastore, as it lies there now. */
export interface Found {
  readonly path: Path
  readonly size: number
  readonly etag: Etag | undefined
  /** When the object was written, by the store's clock. */
  readonly at: number
  readonly sha256: string | undefined
}

/** What the index says of a path. */
interface Indexed {
  readonly path: string
  readonly size: number
  readonly sha256?: string | undefined
  /** When that was written down, by the store's clock; infinity: it is said of what is listed. */
  readonly writtenAt: number
}

const SHA_BYTES = 32
const MD5_BYTES = 16
const MD5 = /^[0-9a-f]{32}$/

export class Inventory {
  readonly #positions = new Map<string, number>()
  readonly #paths: string[] = []
  #indexedSizes = new Float64Array(1024)
  #sizes = new Float64Array(1024)
  #times = new Float64Array(1024)
  #hashes = new Uint8Array(1024 * SHA_BYTES)
  #md5s = new Uint8Array(1024 * MD5_BYTES)
  readonly #etags = new Map<number, Etag>()
  #states = new Uint8Array(1024)

  /** How many paths there are, listed or not. */
  get count(): number {
    return this.#paths.length
  }

  has(path: string): boolean {
    return this.#positions.has(path)
  }

  /** Takes what the index says; said twice, the later counts. */
  index({ path, size, sha256, writtenAt }: Indexed): void {
    const i = this.#positionOf(path)
    this.#indexedSizes[i] = size
    this.#times[i] = writtenAt
    this.#states[i] = INDEXED | (sha256 === undefined ? 0 : HASHED)
    if (sha256 !== undefined) this.#hashes.set(Buffer.from(sha256, 'hex'), i * SHA_BYTES)
  }

  /**
   * Takes what the listing shows. What may have been written after the index is what counts, and its SHA-256 is not known. Returns
   * whether the index says another size of it.
   */
  list(path: string, { size, etag, at }: { size: number; etag: Etag | undefined; at: number }): 'agrees' | 'disagrees' {
    const i = this.#positionOf(path)
    const isIndexed = (this.#state(i) & INDEXED) !== 0
    const isNewer = isIndexed && mayBeNewer(at, this.#times[i] as number)
    const agrees = !isIndexed || isNewer || this.#indexedSizes[i] === size
    if (isNewer || !agrees) this.#states[i] = this.#state(i) & ~HASHED
    this.#states[i] = this.#state(i) | LISTED
    this.#sizes[i] = size
    this.#times[i] = at
    this.#setEtag(i, etag)
    return agrees ? 'agrees' : 'disagrees'
  }

  /** Takes a path out: it is not imported. */
  leaveOut(path: string): void {
    const i = this.#positions.get(path)
    if (i !== undefined) this.#states[i] = this.#state(i) | LEFT_OUT
  }

  /** The paths of the index that no object was listed for. */
  *missing(): Generator<string> {
    for (const [i, path] of this.#paths.entries()) if ((this.#state(i) & (LISTED | LEFT_OUT)) === 0) yield path
  }

  /** The files, in path order. */
  *files(): Generator<Found> {
    const order = Uint32Array.from(this.#paths.keys()).filter(i => (this.#state(i) & (LISTED | LEFT_OUT)) === LISTED)
    // A listing is in order already where there is no index, which most sorts know to use.
    order.sort((a, b) => compareBytes(this.#paths[a] as string, this.#paths[b] as string))
    for (const i of order) yield this.#at(i)
  }

  #at(i: number): Found {
    const isHashed = (this.#state(i) & HASHED) !== 0
    const sha = isHashed && Buffer.from(this.#hashes.buffer, i * SHA_BYTES, SHA_BYTES).toString('hex')
    return {
      path: this.#paths[i] as Path,
      size: this.#sizes[i] as number,
      etag: this.#etag(i),
      at: this.#times[i] as number,
      sha256: sha || undefined,
    }
  }

  #positionOf(path: string): number {
    const known = this.#positions.get(path)
    if (known !== undefined) return known
    const i = this.#paths.push(path) - 1
    this.#positions.set(path, i)
    if (i >= this.#states.length) this.#grow()
    return i
  }

  #grow(): void {
    const count = Math.ceil(this.#states.length * GROWTH)
    const grown = <T extends Float64Array | Uint8Array>(column: T, room: T): T => {
      room.set(column)
      return room
    }
    this.#indexedSizes = grown(this.#indexedSizes, new Float64Array(count))
    this.#sizes = grown(this.#sizes, new Float64Array(count))
    this.#times = grown(this.#times, new Float64Array(count))
    this.#hashes = grown(this.#hashes, new Uint8Array(count * SHA_BYTES))
    this.#md5s = grown(this.#md5s, new Uint8Array(count * MD5_BYTES))
    this.#states = grown(this.#states, new Uint8Array(count))
  }

  /** Most ETags are an MD5; the others are kept as they are. */
  #setEtag(i: number, etag: Etag | undefined): void {
    if (etag === undefined) return
    if (!MD5.test(etag)) {
      this.#etags.set(i, etag)
      return
    }
    this.#etags.delete(i)
    this.#md5s.set(Buffer.from(etag, 'hex'), i * MD5_BYTES)
    this.#states[i] = this.#state(i) | TAGGED
  }

  #etag(i: number): Etag | undefined {
    const other = this.#etags.get(i)
    if (other !== undefined || (this.#state(i) & TAGGED) === 0) return other
    return Buffer.from(this.#md5s.buffer, i * MD5_BYTES, MD5_BYTES).toString('hex') as Etag
  }

  #state(i: number): number {
    return this.#states[i] as number
  }
}

/** Where times have whole seconds, what was written in the second of the index may have come after it. */
const mayBeNewer = (at: number, indexAt: number): boolean => at > indexAt || (at === indexAt && at % 1000 === 0)

/** Of the columns: less than twice, for what is free is paid for too. */
const GROWTH = 1.4

const INDEXED = 1
const HASHED = 2
const LISTED = 4
const TAGGED = 8
const LEFT_OUT = 16
