// The witness: sees every change of the bucket at the moment at which it happens, and judges each by itself. So a defect is found where
// it did its harm, with the request that did it, and not by what is left of it in the end.
import { MemoryBucket } from '../../lib/store/memory/memory-store.ts'
import { type Cell, Dangling, Decoder, type ForkPin, type Head } from './decode.ts'
import type { History } from './history.ts'
import { Leases } from './leases.ts'
import { Reach } from './reach.ts'
import { hasEnded, overlay, type Sight, Space, type Version } from './space.ts'
import { checkBeginning, type Knowledge, Transition } from './transition.ts'
import { Violation } from './violation.ts'

type Objects = MemoryBucket['objects']
type StoredObject = NonNullable<ReturnType<Objects['get']>>

/** A bucket that tells of each of its changes. */
class WatchedObjects extends Map<string, StoredObject> {
  onChange: (key: string, object: StoredObject | undefined) => void = () => undefined

  override set(key: string, object: StoredObject): this {
    super.set(key, object)
    this.onChange(key, object)
    return this
  }

  override delete(key: string): boolean {
    const object = this.get(key)
    // Told beforehand: what is about to go can still be looked at.
    if (object) this.onChange(key, undefined)
    return super.delete(key)
  }
}

class WatchedBucket extends MemoryBucket {
  override readonly objects = new WatchedObjects()
}

export interface WitnessOptions {
  readonly history: History
  readonly now: () => number
  readonly graceMs: number
  /** Told of the first thing that is wrong. */
  readonly onViolation: (violation: unknown) => void
}

const KEY = /^ns\/(.+)\/_\/([a-z]+)(?:\/(.+))?$/

export class Witness implements Knowledge {
  readonly bucket = new WatchedBucket()
  readonly decoder = new Decoder(this.bucket)
  readonly spaces = new Map<string, Space>()
  readonly history: History
  readonly reach: Reach
  private readonly leases: Leases

  constructor(options: WitnessOptions) {
    this.history = options.history
    this.reach = new Reach(this.decoder, options)
    this.leases = new Leases(options.now)
    this.bucket.objects.onChange = (key, object) => {
      try {
        this.look(key, object)
      } catch (error) {
        options.onViolation(error instanceof Dangling ? new Violation('G9', `${key} ${error.message}`) : error)
      }
    }
  }

  space(name: string): Space | undefined {
    return this.spaces.get(name)
  }

  base({ base, namespace }: Head): Sight {
    if (!base) return new Map()
    const sight = this.spaces.get(base.namespace)?.at(base.seq)
    if (!sight) throw new Violation('G3', `${namespace} says that it was forked from ${base.namespace}@${base.seq}`)
    return sight
  }

  value(cell: Cell): string {
    return Buffer.from(this.decoder.value(cell)).toString()
  }

  /** Where a reader begins; see `observe`. */
  mark(namespace: string): number {
    return Math.max(0, (this.spaces.get(namespace)?.versions.length ?? 0) - 1)
  }

  /** What a reader saw must be what was there at one moment since it began (G2, G3). */
  observe(
    namespace: string,
    since: number,
    seen: ReadonlyMap<string, { sha: string | undefined; seq?: number }>,
  ): void {
    const versions = this.spaces.get(namespace)?.versions.slice(since) ?? []
    if (versions.some(({ sight }) => same(sight, seen))) return
    const sight = versions.at(-1)?.sight ?? new Map()
    const differs = [...new Set([...sight.keys(), ...seen.keys()])].filter(
      path => sight.get(path)?.sha !== seen.get(path)?.sha,
    )
    throw new Violation('G2', `a reader saw ${namespace} as it never was; unlike its newest: ${differs.slice(0, 5)}`)
  }

  private look(key: string, object: StoredObject | undefined): void {
    const [, namespace = '', kind = ''] = KEY.exec(key) ?? []
    if (!object) this.onDelete(namespace, kind, key)
    else if (kind === 'head') this.onHead(namespace, key)
    else if (kind === 'forks' && key.includes('~')) this.onPin(namespace, key)
    else if (kind === 'lease') this.leases.onPut(key, this.decoder.document(key))
    else if (kind === 'values' || kind === 'packs' || kind === 'index' || kind === 'history')
      this.onObject(namespace, key)
  }

  /** What a late writer puts into a run that has ended nobody can come to need: the sweep that empties its folder may take it at once. */
  private onObject(namespace: string, key: string): void {
    const head = this.spaces.get(namespace)?.latest?.head
    if (!head || !hasEnded(head)) this.reach.onPut(key)
  }

  private onDelete(namespace: string, kind: string, key: string): void {
    const head = this.spaces.get(namespace)?.latest?.head
    if (kind === 'head' && !(head && hasEnded(head)))
      throw new Violation('G9', `the head of ${namespace}, which is ${head?.state}, was deleted`)
    this.reach.onDelete(key, kind)
  }

  private onHead(name: string, key: string): void {
    const head: Head = this.decoder.document(key)
    const space = this.spaces.get(name) ?? new Space(name)
    this.spaces.set(name, space)
    const own = this.decoder.cells(head)
    const now: Version = { head, own, sight: overlay(this.base(head), own) }
    const { latest } = space
    if (!latest || latest.head.createdAt !== head.createdAt) checkBeginning(space, now, this)
    else new Transition(space, now, this).check()
    space.versions.push(now)
    this.reach.onRoot(key, head)
  }

  /** A pin holds what its namespace held at its seq. Its objects may be gone: then its fork must not come about. */
  private onPin(name: string, key: string): void {
    const pin: ForkPin = this.decoder.document(key)
    const should = this.spaces.get(name)?.at(pin.seq)
    this.reach.onRoot(key, pin)
    let own: ReturnType<Decoder['cells']>
    try {
      own = this.decoder.cells(pin)
    } catch (error) {
      if (error instanceof Dangling) return
      throw error
    }
    const base = pin.base && this.spaces.get(pin.base.namespace)?.at(pin.base.seq)
    if (!should || !same(overlay(base, own), should))
      throw new Violation('G3', `the pin ${key} does not hold what ${name} held at ${pin.seq}`)
  }
}

function same(sight: Sight, seen: ReadonlyMap<string, { sha: string | undefined; seq?: number }>): boolean {
  if (sight.size !== seen.size) return false
  for (const [path, { sha, seq }] of seen) {
    const cell = sight.get(path)
    if (cell?.sha !== sha || (seq !== undefined && cell?.seq !== seq)) return false
  }
  return true
}
