// Register: one compare-and-swap cell. Heads, leases and queued intents are all JSON documents kept in registers.
// It carries the invariant that a lost answer is told apart from a lost race: every body holds the id of the write that made
// it, so reading back says whose write stands (see Icechunk's design document 017 for the trap; this also keeps bodies unique,
// so that an ETag that is an MD5 of the content never repeats). It knows no document but the one its schema describes.

import type { Ambient } from '../ambient.ts'
import {
  AbortedError,
  AmbiguousWrite,
  InvalidArgumentError,
  PreconditionFailed,
  StoreError,
  ThrottledError,
} from '../errors.ts'
import type { Etag } from '../names.ts'
import type * as z from '../vendor/zod.ts'
import { MAX_DOCUMENT_BYTES } from './bounded.ts'
import { decodeJson, encodeJson } from './json-object.ts'
import type { ObjectStore, PutOptions } from './object-store.ts'

/** What every document in a register has: the id of the write that made it. */
interface Written {
  write: string
}

/** A document as it was read, with what a swap needs to name it. */
export interface Version<T> {
  readonly value: T
  readonly etag: Etag
  /** When it was written and when it was read, by the store's clock, in milliseconds. Known only of a version that was read. */
  readonly lastModified?: number
  readonly serverTime?: number
}

export type SwapResult<T> =
  | { readonly won: true; readonly version: Version<T> }
  /** Somebody else's write stands. Ours may have stood before it: only the document's own history can tell. */
  | { readonly won: false; readonly current: Version<T> | undefined; readonly throttled?: never }
  /** Only with `whenThrottled: 'tell'`: the store asked to slow down. What stands may be what was expected, or another's write. */
  | { readonly won: false; readonly current: Version<T> | undefined; readonly throttled: true }

export type SwapOptions = Pick<PutOptions, 'signal' | 'whenThrottled'>

const ATTEMPTS = 6

function isUndecided(error: unknown): boolean {
  return error instanceof PreconditionFailed || error instanceof AmbiguousWrite || error instanceof ThrottledError
}

export class Register<T extends Written> {
  readonly key: string
  private readonly store: ObjectStore
  private readonly schema: z.ZodType<T>
  private readonly ambient: Ambient

  constructor(store: ObjectStore, key: string, schema: z.ZodType<T>, ambient: Ambient) {
    this.store = store
    this.key = key
    this.schema = schema
    this.ambient = ambient
  }

  /** Reads the document. Given the version that is already known, an unchanged document costs no body. */
  async read(known?: Version<T>, signal?: AbortSignal): Promise<Version<T> | undefined> {
    const answer = await this.store.get(this.key, { ifNoneMatch: known?.etag, maxBytes: MAX_DOCUMENT_BYTES, signal })
    if (answer.status === 'missing') return undefined
    if (answer.status === 'unchanged' && known) return { ...known, serverTime: answer.serverTime }
    if (answer.status !== 'found')
      throw new StoreError('get', this.key, `it answered "${answer.status}" to an unconditional read`)
    const { etag, lastModified, serverTime } = answer
    return { value: decodeJson(this.key, answer.body, this.schema), etag, lastModified, serverTime }
  }

  /**
   * Puts `next` in place of `expected` (undefined: only if there is none), and finds out what happened when the answer is lost.
   * `next.write` is set here, anew for each call.
   * @throws ThrottledError when nothing was written, AmbiguousWrite when that cannot be told: after several tries
   */
  async swap(
    expected: Pick<Version<T>, 'etag'> | undefined,
    next: Omit<T, 'write'>,
    { signal, whenThrottled }: SwapOptions = {},
  ): Promise<SwapResult<T>> {
    const value = this.parse({ ...next, write: this.ambient.randomId() })
    const body = encodeJson(value)
    const condition = expected ? { ifMatch: expected.etag } : ({ ifNoneMatch: '*' } as const)
    let ambiguous: AmbiguousWrite | undefined
    for (let attempt = 1; ; attempt++) {
      try {
        const { etag } = await this.store.put(this.key, body, { condition, signal, whenThrottled })
        return { won: true, version: { value, etag } }
      } catch (error) {
        if (!isUndecided(error)) throw error
        if (error instanceof AmbiguousWrite) ambiguous ??= error
        const current = await this.read(undefined, signal)
        if (current?.value.write === value.write) return { won: true, version: current }
        if (whenThrottled === 'tell' && error instanceof ThrottledError && !ambiguous)
          return { won: false, current, throttled: true }
        if (current?.etag !== expected?.etag) return { won: false, current }
        // Nothing changed: the put has not happened (yet), or the store answered a conflict with a put that then failed. Sending
        // the same bytes again is safe: should the first one still arrive, one of the two meets the other's etag and fails.
        if (attempt === ATTEMPTS) throw ambiguous ?? error
        await this.ambient.sleep(this.backoff(attempt), { signal }).catch(reason => {
          throw new AbortedError(`the write of "${this.key}"`, reason)
        })
      }
    }
  }

  /** What is refused here nobody could ever read again. */
  private parse(document: unknown): T {
    const parsed = this.schema.safeParse(document)
    if (parsed.success) return parsed.data
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: 'unknown problem' }
    throw new InvalidArgumentError(
      path.join('.') || 'document',
      `cannot be stored in "${this.key}": ${message}`,
      'Nothing was written.',
    )
  }

  private backoff(attempt: number): number {
    return 20 * 2 ** attempt * (0.5 + this.ambient.random())
  }
}
