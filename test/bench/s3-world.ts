// Measuring through the real AWS SDK: the S3 test server in this process, which counts what arrives. Processes that are measured
// together are processes of their own (processes.ts), so that this one only serves them.
import type { Namespace, Store } from '../../lib/runlet.ts'
import { openStore } from '../../lib/runlet.ts'
import { type RequestRecord, type S3Server, startS3Server, useTestCredentials } from '../support/s3-server.ts'
import { fill } from './parents.ts'
import { LATENCY_MS } from './virtual.ts'

export interface Counted<T> {
  readonly value: T
  readonly requests: number
  readonly bytesUp: number
  readonly bytesDown: number
  readonly ms: number
  readonly trace: readonly string[]
  readonly records: readonly RequestRecord[]
}

const BUCKET = 'bench'

export class S3World {
  readonly url: string
  readonly store: Store
  readonly #server: S3Server
  readonly #parents = new Map<number, Promise<Namespace>>()

  private constructor(server: S3Server, url: string, store: Store) {
    this.#server = server
    this.url = url
    this.store = store
  }

  static async start(): Promise<S3World> {
    useTestCredentials()
    const server = await startS3Server({ latencyMs: LATENCY_MS })
    const url = server.url(BUCKET)
    return new S3World(server, url, await openStore(url, { author: 'bench' }))
  }

  /** The namespace that holds so many rows, made when it is first asked for. */
  parent(rows: number): Promise<Namespace> {
    const made = this.#parents.get(rows) ?? this.#make(rows)
    this.#parents.set(rows, made)
    return made
  }

  /** Counts what arrives at the server until `work` is done. */
  async count<T>(work: () => Promise<T>): Promise<Counted<T>> {
    this.#server.reset()
    const startedAt = performance.now()
    const value = await work()
    const ms = performance.now() - startedAt
    const records = [...this.#server.requests]
    return { value, ms, records, ...sumOf(records), trace: traceOf(records) }
  }

  async close(): Promise<void> {
    await this.store.close()
    await this.#server.close()
  }

  async #make(rows: number): Promise<Namespace> {
    const namespace = await this.store.namespace(`rows-${rows}`, { create: true })
    await fill(namespace, rows)
    return namespace
  }
}

/** How often a namespace's head was swapped. */
export function swapsOf(namespace: string, records: readonly RequestRecord[]): number {
  const head = `ns/${namespace}/_/head`
  return records.filter(({ key, method, status }) => key === head && method === 'PUT' && status === 200).length
}

function sumOf(records: readonly RequestRecord[]) {
  const sum = (of: (record: RequestRecord) => number) => records.reduce((total, record) => total + of(record), 0)
  return { requests: records.length, bytesUp: sum(one => one.bytesUp), bytesDown: sum(one => one.bytesDown) }
}

function traceOf(records: readonly RequestRecord[]): string[] {
  const start = records[0]?.startedAt ?? 0
  return records.map(({ startedAt, operation, key, query, status, bytesUp, bytesDown }) => {
    return `${Math.round(startedAt - start)} ms: ${operation} ${key || query} -> ${status} (${bytesUp} B up, ${bytesDown} B down)`
  })
}
