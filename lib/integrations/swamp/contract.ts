// What swamp and a datastore extension say to one another, as swamp's core calls it and its own extensions answer. Types only: swamp
// knows an extension by its shape, so nothing of swamp is imported here, or needed.
import type { z } from 'zod'
import type { SyncService } from './sync/contract.ts'

export type * from './sync/contract.ts'

/** What an extension's file exports as `datastore`. */
export interface Datastore {
  readonly type: string
  readonly name: string
  readonly description: string
  readonly configSchema: z.ZodType
  createProvider(config: unknown): DatastoreProvider
}

export interface DatastoreProvider {
  createLock(datastorePath: string, options?: LockOptions): DistributedLock
  createVerifier(): DatastoreVerifier
  createSyncService(repoDir: string, cachePath: string): SyncService
  /** A folder on this machine that stands for the datastore. */
  resolveDatastorePath(repoDir: string): string
  /** Where the cache lies; undefined: where swamp would put it. */
  resolveCachePath(repoDir: string): string | undefined
  /** Rejects when another repository has the namespace. */
  registerNamespace(datastorePath: string, namespace: string, repoId: string): Promise<void>
  /** The namespaces that are registered, in order. */
  listNamespaces(datastorePath: string): Promise<string[]>
}

export interface LockOptions {
  /** Names the lock. Default: `.datastore.lock`. */
  readonly lockKey?: string | undefined
  /** Default: 30,000. */
  readonly ttlMs?: number | undefined
  /** The longest pause between two looks. Default: 1,000. */
  readonly retryIntervalMs?: number | undefined
  /** Default: 60,000. */
  readonly maxWaitMs?: number | undefined
  /** The namespace whose lock it is, for keys that do not say so themselves. */
  readonly namespace?: string | undefined
}

export interface DistributedLock {
  /** Waits until this process holds it. Rejects with a LockTimeoutError after `maxWaitMs`. */
  acquire(): Promise<void>
  /** Of what is not held: does nothing. */
  release(): Promise<void>
  withLock<T>(fn: () => Promise<T>): Promise<T>
  /** Null while it is free. */
  inspect(): Promise<LockInfo | null>
  /** Resolves to whether it was held under this nonce, and is free now. */
  forceRelease(expectedNonce: string): Promise<boolean>
}

export interface LockInfo {
  /** `user@host`. */
  readonly holder: string
  readonly hostname: string
  readonly pid: number
  /** When it was acquired or renewed last, in ISO 8601. Swamp takes a lock for dead `ttlMs` after that, by its own clock. */
  readonly acquiredAt: string
  readonly ttlMs: number
  /** Differs between any two acquisitions. */
  readonly nonce: string
}

export interface DatastoreVerifier {
  /** Never rejects. */
  verify(): Promise<DatastoreHealth>
}

export interface DatastoreHealth {
  readonly healthy: boolean
  readonly message: string
  readonly latencyMs: number
  readonly datastoreType: string
  readonly details: Record<string, string>
}
