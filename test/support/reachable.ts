// What lies in a store against what can be reached there, read by hand from the documents of lib/README.md and by none of the library's
// own code: so that a sweep which deletes too much, or too little, does not judge itself.
import { gunzipSync } from 'node:zlib'
import type { ObjectStore } from '../../lib/store/object-store.ts'

interface Ref {
  readonly id: string
  readonly in?: string
  readonly level: number
}
interface Row {
  readonly path: string
  readonly object?: string
  readonly pack?: readonly [id: string, offset: number, size: number]
  readonly in?: string
}
interface Layer {
  readonly rows?: readonly Row[]
  readonly files?: readonly Ref[]
}

const CLOCK_GRAIN_MS = 2_000

export interface Census {
  /** Keys that something refers to and that are not there. */
  readonly missing: string[]
  /** Keys of index files, values, packs and history that nothing refers to. */
  readonly unreachable: string[]
}

/** Counts a namespace and all that lies below it. Nobody must be at work there. */
export async function census(store: ObjectStore, namespace: string): Promise<Census> {
  const walk = new Walk(store)
  const there = new Set<string>()
  const putAt = new Map<string, number>()
  for await (const entry of store.list({ prefix: `ns/${namespace}/` })) {
    there.add(entry.key)
    if (entry.kind === 'object') putAt.set(entry.key, entry.lastModified)
  }
  for (const key of there) {
    if (key.endsWith('/_/head')) await walk.head(key, there)
    if (key.includes('/_/forks/') && key.includes('~'))
      await walk.layers((await walk.json(key)).layers, namespaceOf(key))
  }
  const counted = [...there].filter(key => {
    return /\/_\/(index|values|packs)\//.test(key) || (key.includes('/_/history/') && !walk.ended.has(namespaceOf(key)))
  })
  return {
    missing: [...walk.needed].filter(key => !there.has(key)),
    unreachable: counted.filter(key => {
      // What was put until then may be of an earlier run of this id, which the parent adopted: no sweep can tell, and it stays.
      const doubtful = (putAt.get(key) ?? 0) <= (walk.after.get(namespaceOf(key)) ?? Number.NEGATIVE_INFINITY)
      return !walk.reached.has(key) && !doubtful
    }),
  }
}

const namespaceOf = (key: string): string => key.slice('ns/'.length, key.indexOf('/_/'))

class Walk {
  /** What something refers to, be it by a row that a newer one hides. */
  readonly reached = new Set<string>()
  /** What somebody can come to read: files, and the values of rows that nothing hides. */
  readonly needed = new Set<string>()
  /** Runs of which nobody needs more than what others refer to. Whether their history stays is not counted. */
  readonly ended = new Set<string>()
  /** Of ids that were used before: until when, by the store's clock, and a grain of that clock. */
  readonly after = new Map<string, number>()
  private readonly store: ObjectStore
  private readonly contents = new Map<string, readonly unknown[]>()

  constructor(store: ObjectStore) {
    this.store = store
  }

  async head(key: string, there: ReadonlySet<string>): Promise<void> {
    const namespace = namespaceOf(key)
    const head = await this.json(key)
    if (head.after !== undefined) this.after.set(namespace, head.after + CLOCK_GRAIN_MS)
    if (head.state !== 'open' && head.state !== 'sealed') return void this.ended.add(namespace)
    await this.layers(head.layers, namespace)
    for (let segment = head.history; segment; ) {
      const at = `ns/${namespace}/_/history/${segment.id}`
      this.reached.add(at)
      this.needed.add(at)
      segment = there.has(at) ? (await this.json(at)).before : undefined
    }
  }

  /** Oldest first: the newest row of a path hides the others. */
  async layers(layers: readonly Layer[], namespace: string): Promise<void> {
    const visible = new Map<string, string | undefined>()
    for (const { rows = [], files = [] } of layers) {
      this.rows(rows, namespace, visible)
      await this.files(files, namespace, visible)
    }
    for (const key of visible.values()) if (key) this.needed.add(key)
  }

  // biome-ignore lint/suspicious/noExplicitAny: documents of every kind, as they lie there
  async json(key: string): Promise<any> {
    return JSON.parse(Buffer.from((await this.body(key)) ?? '{}').toString())
  }

  private async files(refs: readonly Ref[], referrer: string, visible: Map<string, string | undefined>): Promise<void> {
    for (const { id, in: home = referrer, level } of refs) {
      const key = `ns/${home}/_/index/${id}`
      this.reached.add(key)
      this.needed.add(key)
      const items = await this.read(key)
      if (level > 0) await this.files(items as readonly Ref[], home, visible)
      else this.rows(items as readonly Row[], home, visible)
    }
  }

  private rows(rows: readonly Row[], referrer: string, visible: Map<string, string | undefined>): void {
    for (const { path, object, pack, in: home = referrer } of rows) {
      const key = object ? `ns/${home}/_/values/${object}` : pack && `ns/${home}/_/packs/${pack[0]}`
      if (key) this.reached.add(key)
      visible.set(path, key)
    }
  }

  /** The lines of an index file after its header; none when it is not there. */
  private async read(key: string): Promise<readonly unknown[]> {
    const known = this.contents.get(key)
    if (known) return known
    const body = await this.body(key)
    const lines = body ? gunzipSync(body).toString().trimEnd().split('\n').slice(1) : []
    const items = lines.map(line => JSON.parse(line) as unknown)
    this.contents.set(key, items)
    return items
  }

  private async body(key: string): Promise<Uint8Array | undefined> {
    const answer = await this.store.get(key)
    return answer.status === 'found' ? answer.body : undefined
  }
}
