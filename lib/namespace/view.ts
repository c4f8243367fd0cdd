// A view: what a namespace held at one head, its own layers over those that it was forked from (G3). Immutable; reading it
// twice gives the same. It knows nothing of heads being replaced.
import { CorruptObjectError, MissingObjectError } from '../errors.ts'
import { lastSegment, type NamespaceName, type Path } from '../names.ts'
import { MAX_DOCUMENT_BYTES } from '../store/bounded.ts'
import { decodeJson } from '../store/json-object.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { type Base, type ForkPin, forkSchema, type Layer } from './head.ts'
import type { IndexStore } from './index-store.ts'
import { forkKey } from './keys.ts'
import { findNewest, type PlacedLayer, scanNewest } from './layers.ts'
import { type FileRow, isFile, type Row } from './row.ts'

/** What a view is made from: a head, or a fork's pin. */
interface Snapshot {
  readonly namespace: NamespaceName
  readonly seq: number
  readonly layers: readonly Layer[]
  readonly base?: Base | undefined
}

export class View {
  readonly seq: number
  readonly namespace: NamespaceName
  /** The fork that its base belongs to; undefined when it has none. */
  readonly fork: string | undefined
  /** Its own layers, oldest first. */
  readonly own: readonly PlacedLayer[]
  /** Those of everything that it was forked from, oldest first. Fetched when first asked for: a write needs none of it. */
  readonly below: () => Promise<readonly PlacedLayer[]>
  private readonly index: IndexStore

  constructor(index: IndexStore, snapshot: Snapshot, below: () => Promise<readonly PlacedLayer[]>) {
    this.index = index
    this.seq = snapshot.seq
    this.namespace = snapshot.namespace
    this.fork = snapshot.base?.fork
    this.own = place(snapshot)
    this.below = below
  }

  /** The row of `path`, undefined when there is none or it was deleted. */
  async find(path: Path): Promise<FileRow | undefined> {
    const row = await findNewest(this.index, [...(await this.below()), ...this.own], path)
    return isFile(row) ? row : undefined
  }

  /** What this namespace itself says of `path`, a deletion included. */
  findOwn(path: Path): Promise<Row | undefined> {
    return findNewest(this.index, this.own, path)
  }

  /** All rows under `prefix`, in path order. */
  async *scan(prefix: string): AsyncGenerator<FileRow> {
    const layers = [...(await this.below()), ...this.own]
    for await (const row of scanNewest(this.index, layers, prefix)) if (isFile(row)) yield row
  }

  /** What this namespace itself changed, deletions included, in path order. */
  scanOwn(): AsyncGenerator<Row> {
    return scanNewest(this.index, this.own, '')
  }
}

/** Makes views, and keeps the immutable pins that they need. */
export class ViewMaker {
  private readonly store: ObjectStore
  private readonly index: IndexStore
  private readonly pins = new Map<string, Promise<ForkPin>>()

  constructor(store: ObjectStore, index: IndexStore) {
    this.store = store
    this.index = index
  }

  /** A view of a head or pin, with everything below it. */
  view(snapshot: Snapshot): View {
    return new View(this.index, snapshot, () => this.layersBelow(snapshot))
  }

  /** The view of the parent that `child` was forked from. */
  async baseView(child: NamespaceName, base: Base): Promise<View> {
    return this.view(await this.pin(child, base))
  }

  /** Spares the request for a pin that this process has just put. */
  remember(key: string, pin: ForkPin): void {
    this.pins.set(key, Promise.resolve(pin))
  }

  private async layersBelow(snapshot: Snapshot): Promise<PlacedLayer[]> {
    if (!snapshot.base) return []
    const pin = await this.pin(snapshot.namespace, snapshot.base)
    return [...(await this.layersBelow(pin)), ...place(pin)]
  }

  private pin(child: NamespaceName, base: Base): Promise<ForkPin> {
    const key = forkKey(base.namespace, { seq: base.seq, child: lastSegment(child), id: base.fork })
    const known = this.pins.get(key)
    if (known) return known
    const pin = this.fetchPin(key, child, base)
    this.pins.set(key, pin)
    pin.catch(() => this.pins.delete(key))
    return pin
  }

  private async fetchPin(key: string, child: NamespaceName, base: Base): Promise<ForkPin> {
    const answer = await this.store.get(key, { maxBytes: MAX_DOCUMENT_BYTES })
    if (answer.status !== 'found') throw new MissingObjectError(key, `the head of "${child}"`)
    const pin = decodeJson(key, answer.body, forkSchema)
    const asSaid =
      pin.child === child && pin.namespace === base.namespace && pin.fork === base.fork && pin.seq === base.seq
    if (!asSaid) throw new CorruptObjectError(key, `is not the pin that "${child}" was forked with`)
    return pin
  }
}

function place(snapshot: Snapshot): PlacedLayer[] {
  return snapshot.layers.map(layer => ({ layer, namespace: snapshot.namespace }))
}
