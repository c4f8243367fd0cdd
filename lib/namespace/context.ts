// What the files of this folder share about one namespace: its head as last seen, and the means to read and write.
// Made once by the entry file (namespace.ts); holds no logic but the head's freshness.
import { AsyncResource } from 'node:async_hooks'
import PQueue from 'p-queue'
import type { Ambient } from '../ambient.ts'
import { CorruptObjectError, NamespaceNotFoundError } from '../errors.ts'
import type { LeaseCell } from '../lease/leases.ts'
import type { NamespaceName } from '../names.ts'
import { isOutOfDate, type Moment, momentOf } from '../store/grace.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { Register, type SwapOptions, type SwapResult, type Version } from '../store/register.ts'
import type { Background } from './background.ts'
import type { Courtesy } from './courtesy.ts'
import { formatOfLayers, type Head, headSchema, type Layer, type NewHead } from './head.ts'
import type { PreparedSegment } from './history.ts'
import type { IndexStore } from './index-store.ts'
import { headKey } from './keys.ts'
import type { Values } from './values.ts'
import type { ViewMaker } from './view.ts'

export interface NamespaceContext {
  readonly name: NamespaceName
  readonly store: ObjectStore
  readonly ambient: Ambient
  readonly head: HeadCell
  readonly index: IndexStore
  readonly views: ViewMaker
  readonly values: Values
  readonly merge: LeaseCell
  readonly compaction: LeaseCell
  readonly prepared: Prepared
  readonly courtesy: Courtesy
  readonly background: Background
}

/** What can stand in place of layers of a head. */
export interface Replacement {
  /** When the namespace was made: a run id that is used again has layers that look the same. */
  readonly life: number
  /** When the first file of the sum was begun: what is not referred to for too long is taken for an orphan. */
  readonly began: Moment
  readonly layers: readonly Layer[]
  /** Oldest first. */
  readonly sum: readonly Layer[]
}

/** What was written ahead of need, for the next head to take up: the tail as a file, old commit records as a segment. */
interface Prepared {
  tail?: Replacement
  history?: PreparedSegment | undefined
}

type HeadChange = (head: Head) => NewHead | undefined | Promise<NewHead | undefined>

/** The head of one namespace, and the newest version of it that this process has seen. */
export class HeadCell {
  /** The newest version seen; undefined before the first read, or when there is none. */
  known: Version<Head> | undefined
  private readonly namespace: NamespaceName
  private readonly register: Register<Head>
  private reading: Promise<Version<Head>> | undefined
  private next: Promise<Version<Head>> | undefined
  private readonly turns = new PQueue({ concurrency: 1 })
  private readonly means: { readonly store: ObjectStore; readonly ambient: Ambient }
  private readAt: Moment

  constructor(store: ObjectStore, namespace: NamespaceName, ambient: Ambient) {
    this.namespace = namespace
    this.means = { store, ambient }
    this.readAt = momentOf(ambient)
    this.register = new Register(store, headKey(namespace), headSchema, ambient)
  }

  /**
   * The head as it is now, or as it was when it was last read here: good enough to begin a swap with, unless that is so long ago that
   * what it refers to may have been swept.
   */
  async current(): Promise<Version<Head>> {
    return this.known && !isOutOfDate(this.readAt, this.means) ? this.known : this.refresh()
  }

  /**
   * The head as it is at some moment after this call: a 304 when nothing changed. Calls that wait share one request,
   * but never one that had begun before them: it might answer with what was true before.
   * @throws NamespaceNotFoundError
   */
  refresh(): Promise<Version<Head>> {
    if (!this.reading) {
      this.reading = this.read().finally(() => {
        this.reading = undefined
      })
      return this.reading
    }
    this.next ??= this.reading
      .catch(() => undefined)
      .then(() => {
        this.next = undefined
        return this.refresh()
      })
    return this.next
  }

  /** Undefined when the namespace does not exist. */
  async peek(): Promise<Version<Head> | undefined> {
    for (;;) {
      const before = this.known
      const version = await this.register.read(before)
      if (version && version.value.namespace !== this.namespace) {
        throw new CorruptObjectError(this.register.key, `is the head of "${version.value.namespace}"`)
      }
      if (!this.overtaken(before, version)) return this.learn(version)
    }
  }

  async swap(
    expected: Version<Head> | undefined,
    next: NewHead,
    { whenThrottled }: Pick<SwapOptions, 'whenThrottled'> = {},
  ): Promise<SwapResult<Head>> {
    const before = this.known
    const format = formatOfLayers([...next.layers, ...(next.earlier?.layers ?? [])])
    const result = await this.register.swap(expected, { ...next, format }, { whenThrottled })
    if (!this.overtaken(before, result.won ? result.version : result.current)) {
      this.learn(result.won ? result.version : result.current)
      return result
    }
    const current = await this.peek()
    return result.won ? result : { won: false, current }
  }

  /** Runs `work` when no other swap of this process is under way: it would only lose to it. */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.turns.add(AsyncResource.bind(work))
  }

  /**
   * Replaces the head by what `change` makes of it, again and again until no other writer comes between. Each try takes a turn of its own:
   * upkeep that loses every time to somebody who writes without a pause must not keep its own process from writing.
   * `change` resolves to undefined when there is nothing (more) to do. It must not update this head itself: that turn would never come.
   */
  async update(change: HeadChange): Promise<Version<Head>> {
    for (;;) {
      const reached = await this.exclusively(() => this.tryToUpdate(change))
      if (reached) return reached
    }
  }

  /**
   * Takes note of a version; for one that was kept from an earlier process too. Answers can overtake one another: what is known
   * never goes back, or a process would meet its own writes as a stranger's.
   */
  learn(version: Version<Head> | undefined): Version<Head> | undefined {
    const [before, now] = [this.known?.value, version?.value]
    const older = before && now && before.createdAt === now.createdAt && now.seq < before.seq
    if (older) return this.known
    this.known = version
    this.readAt = momentOf(this.means.ambient)
    return version
  }

  /**
   * Whether another version of the same seq was learned while this one was on its way (a seal, a fence and a compaction leave the seq
   * as it is): nothing in the two tells which is newer. Who took the older one for the newer would leave undone what is still to do.
   */
  private overtaken(before: Version<Head> | undefined, version: Version<Head> | undefined): boolean {
    if (!version || !this.known || this.known === before || this.known.etag === version.etag) return false
    return this.known.value.createdAt === version.value.createdAt && this.known.value.seq === version.value.seq
  }

  /** Undefined when another writer came between; by then that one's head is known. */
  private async tryToUpdate(change: HeadChange): Promise<Version<Head> | undefined> {
    const seen = await this.current()
    const next = await change(seen.value)
    if (!next) return seen
    const result = await this.swap(seen, next)
    if (result.won) return result.version
    if (!result.current) throw new NamespaceNotFoundError(this.namespace)
    return undefined
  }

  private async read(): Promise<Version<Head>> {
    const version = await this.peek()
    if (!version) throw new NamespaceNotFoundError(this.namespace)
    return version
  }
}
