// A reader of a store's objects, written from lib/FORMATS.md alone: it imports nothing of the library and no type of it, so that a page that
// says too little, or something else than the code, fails the test beside it. It reads all of a namespace; it checks nothing.
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'

interface Row {
  path: string
  seq?: number
  deleted?: true
  value?: string
  object?: string
  pack?: [id: string, offset: number, total: number]
  external?: [key: string, etag: string]
  size?: number
  in?: string
}

interface Reference {
  id: string
  in?: string
  level: number
  first: string
  last: string
  seq?: number
  prints?: string
}

interface Layer {
  from: number
  to: number
  rows?: Row[]
  files?: Reference[]
}

interface Base {
  namespace: string
  seq: number
  fork: string
}

/** A head, or a pin. */
interface Snapshot {
  namespace: string
  layers: Layer[]
  base?: Base
}

interface Found {
  row: Row
  seq: number | undefined
  home: string
}

export interface Read {
  readonly seq: number | undefined
  /** Undefined: the value is an object that is not runlet's. */
  readonly value: Uint8Array | undefined
}

export type Objects = (key: string) => Uint8Array

/** What a namespace has, by path. */
export function readAll(objects: Objects, namespace: string): Map<string, Read> {
  const found = new Map<string, Found>()
  for (const snapshot of chainOf(objects, namespace)) {
    for (const layer of snapshot.layers) {
      const seq = layer.from === layer.to ? layer.to : undefined
      for (const row of layer.rows ?? []) found.set(row.path, { row, seq: seq ?? row.seq, home: snapshot.namespace })
      for (const ref of layer.files ?? [])
        for (const one of rowsBelow(objects, ref, snapshot.namespace, seq)) found.set(one.row.path, one)
    }
  }
  return new Map(
    [...found.values()]
      .filter(({ row }) => !row.deleted)
      .map(({ row, seq, home }) => [row.path, { seq, value: bytesOf(objects, row, home) }]),
  )
}

/** The value of one path, by the walk that the page describes: newest layer first, and only into files that may hold it. */
export function readOne(objects: Objects, namespace: string, path: string): Uint8Array | undefined {
  for (const snapshot of chainOf(objects, namespace).reverse()) {
    for (const layer of snapshot.layers.toReversed()) {
      const found = findIn(objects, layer, snapshot.namespace, path)
      if (found) return found.row.deleted ? undefined : bytesOf(objects, found.row, found.home)
    }
  }
  return undefined
}

function findIn(objects: Objects, layer: Layer, home: string, path: string): Found | undefined {
  const inline = layer.rows?.find(row => row.path === path)
  if (inline) return { row: inline, seq: undefined, home }
  let [refs, referrer] = [layer.files ?? [], home]
  for (;;) {
    const ref = refs.find(one => isWithin(one, path))
    if (!ref || !mayHold(ref, path)) return undefined
    const file = fileOf(objects, ref, referrer)
    referrer = file.namespace
    const row = file.rows.find(one => one.path === path)
    if (ref.level === 0) return row && { row, seq: undefined, home: referrer }
    refs = file.refs
  }
}

const isWithin = ({ first, last }: Reference, path: string): boolean =>
  Buffer.compare(Buffer.from(first), Buffer.from(path)) <= 0 &&
  Buffer.compare(Buffer.from(path), Buffer.from(last)) <= 0

function mayHold({ prints }: Reference, path: string): boolean {
  if (prints === undefined) return true
  const bytes = Buffer.from(prints, 'base64')
  const print = createHash('sha256').update(path).digest().readUInt16BE(0)
  return Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readUInt16BE(2 * i)).includes(print)
}

/** The head of a namespace and the pins that it stands on, oldest first. */
function chainOf(objects: Objects, namespace: string): Snapshot[] {
  const chain: Snapshot[] = [json(objects(`ns/${namespace}/_/head`))]
  let child = namespace
  for (let base = chain[0]?.base; base; base = chain[0]?.base) {
    const seq = String(base.seq).padStart(12, '0')
    const run = child.slice(child.lastIndexOf('/') + 1)
    chain.unshift(json(objects(`ns/${base.namespace}/_/forks/${seq}~${run}~${base.fork}`)))
    child = base.namespace
  }
  return chain
}

function* rowsBelow(objects: Objects, ref: Reference, home: string, above: number | undefined): Generator<Found> {
  const file = fileOf(objects, ref, home)
  const seq = above ?? ref.seq
  for (const row of file.rows) yield { row, seq: seq ?? row.seq, home: file.namespace }
  for (const below of file.refs) yield* rowsBelow(objects, below, file.namespace, seq)
}

function fileOf(objects: Objects, ref: Reference, home: string) {
  const text = gunzipSync(objects(`ns/${ref.in ?? home}/_/index/${ref.id}`)).toString('utf8')
  const [header, ...lines] = text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  const isNode = header.kind === 'refs'
  return {
    namespace: header.namespace as string,
    rows: (isNode ? [] : lines) as Row[],
    refs: (isNode ? lines : []) as Reference[],
  }
}

function bytesOf(objects: Objects, row: Row, home: string): Uint8Array | undefined {
  if (row.value !== undefined) return Buffer.from(row.value, 'base64')
  const folder = `ns/${row.in ?? home}/_`
  if (row.object !== undefined) return objects(`${folder}/values/${row.object}`)
  if (!row.pack) return undefined
  const [id, offset] = row.pack
  return objects(`${folder}/packs/${id}`).subarray(offset, offset + (row.size ?? 0))
}

const json = (body: Uint8Array) => JSON.parse(Buffer.from(body).toString('utf8'))
