// Reads heads, pins and index files straight from the bucket, at one moment and without a request: a second reader of the formats in
// lib/README.md, written apart from the library's own, so that the two do not err together.
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import type { ForkPin, Head, IndexRef, Layer } from '../../lib/namespace/head.ts'
import type { StoredRow } from '../../lib/namespace/row.ts'
import type { MemoryBucket } from '../../lib/store/memory/memory-store.ts'

/** What a row says of its path. */
export interface Cell {
  /** Of the value; undefined for a deletion. */
  readonly sha: string | undefined
  readonly seq: number
  readonly row: StoredRow
  /** The namespace in whose folder an object or a pack lies, unless the row says so itself. */
  readonly home: string
}

export type Cells = Map<string, Cell>

/** Something refers to an object that is not there. */
export class Dangling extends Error {
  readonly key: string

  constructor(key: string) {
    super(`refers to ${key}, which is not there`)
    this.key = key
  }
}

type Snapshot = Pick<Head | ForkPin, 'namespace' | 'layers'>
type File =
  | { rows: StoredRow[]; refs?: never; namespace: string }
  | { refs: IndexRef[]; rows?: never; namespace: string }

export const sha256 = (value: string | Uint8Array): string => createHash('sha256').update(value).digest('hex')

export class Decoder {
  private readonly bucket: MemoryBucket
  /** Index files never change. */
  private readonly files = new Map<string, File>()

  constructor(bucket: MemoryBucket) {
    this.bucket = bucket
  }

  /** The document under a key. @throws Dangling */
  // biome-ignore lint/suspicious/noExplicitAny: whoever asks knows what lies there
  document(key: string): any {
    return JSON.parse(Buffer.from(this.body(key)).toString())
  }

  /** The newest cell of each path that the snapshot's own layers name. */
  cells({ namespace, layers }: Snapshot): Cells {
    const cells: Cells = new Map()
    for (const layer of layers) {
      const seq = layer.from === layer.to ? layer.to : undefined
      for (const row of layer.rows ?? []) cells.set(row.path, cell(row, seq, namespace))
      this.addFiles(cells, layer.files ?? [], { seq, namespace })
    }
    return cells
  }

  /**
   * The keys of everything that a reader of the snapshot's own layers can come to need: all index files, and the values of the newest
   * rows. A row that a newer one hides may outlive its value. @throws Dangling
   */
  reached(snapshot: Snapshot): Set<string> {
    const keys = new Set<string>()
    for (const layer of snapshot.layers) this.addFileKeys(keys, layer.files ?? [], snapshot.namespace)
    for (const { row, home } of this.cells(snapshot).values()) {
      if (row.pack || row.object) keys.add(valueKey(row, home))
    }
    return keys
  }

  /** The keys of the values that rows name which newer ones hide: they go with the compaction that drops the row. */
  hidden({ namespace, layers }: Snapshot): Set<string> {
    const keys = new Set<string>()
    for (const layer of layers) {
      for (const { row, home } of this.cells({ namespace, layers: [layer] }).values()) {
        if (row.pack || row.object) keys.add(valueKey(row, home))
      }
    }
    return keys
  }

  value({ row, home }: Cell): Uint8Array {
    if (row.value !== undefined) return Buffer.from(row.value, 'base64')
    const key = valueKey(row, home)
    const body = this.body(key)
    return row.pack ? body.subarray(row.pack[1], row.pack[1] + (row.size ?? 0)) : body
  }

  exists(key: string): boolean {
    return this.bucket.objects.has(key)
  }

  private addFiles(
    cells: Cells,
    refs: readonly IndexRef[],
    around: { seq: number | undefined; namespace: string },
  ): void {
    for (const ref of refs) {
      const file = this.file(ref, around.namespace)
      const seq = around.seq ?? ref.seq
      if (file.refs) this.addFiles(cells, file.refs, { seq, namespace: file.namespace })
      else for (const row of file.rows) cells.set(row.path, cell(row, seq, file.namespace))
    }
  }

  private addFileKeys(keys: Set<string>, refs: readonly IndexRef[], referrer: string): void {
    for (const ref of refs) {
      keys.add(indexKey(ref, referrer))
      const file = this.file(ref, referrer)
      if (file.refs) this.addFileKeys(keys, file.refs, file.namespace)
    }
  }

  private file(ref: IndexRef, referrer: string): File {
    const key = indexKey(ref, referrer)
    const body = this.body(key)
    const known = this.files.get(key)
    if (known) return known
    const [header, ...items] = gunzipSync(body)
      .toString()
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    const { namespace } = header
    const file: File = header.kind === 'rows' ? { rows: items, namespace } : { refs: items, namespace }
    this.files.set(key, file)
    return file
  }

  private body(key: string): Uint8Array {
    const object = this.bucket.objects.get(key)
    if (!object) throw new Dangling(key)
    return object.body
  }
}

const indexKey = (ref: IndexRef, referrer: string): string => `ns/${ref.in ?? referrer}/_/index/${ref.id}`

function valueKey(row: StoredRow, home: string): string {
  const folder = `ns/${row.in ?? home}/_`
  return row.pack ? `${folder}/packs/${row.pack[0]}` : `${folder}/values/${row.object}`
}

function cell(row: StoredRow, seq: number | undefined, home: string): Cell {
  return { sha: row.deleted ? undefined : row.sha256, seq: seq ?? row.seq ?? 0, row, home }
}

export type { ForkPin, Head, Layer }
