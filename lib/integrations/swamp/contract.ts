// What swamp and a datastore extension say to one another, as swamp's core calls it and its own extensions answer. Types only: swamp
// knows an extension by its shape, so nothing of swamp is imported here, or needed.
import type * as z from '../../vendor/zod.ts'
import type { SyncService } from './sync/contract.ts'

export type * from './sync/contract.ts'

/** What an extension's file exports as `datastore`. */
export interface Datastore {
  /** The name that a repository's configuration chooses it by. */
  readonly type: string
  /** For people. */
  readonly name: string
  /** For people. */
  readonly description: string
  /** What a configuration must be like. */
  readonly configSchema: z.ZodType
  /**
   * Makes what swamp works with. Makes no request: the first use finds out whether the store can be reached.
   * @param config as in the repository's configuration
   * @throws ConfigError when the configuration, or runlet's part of the environment, cannot be what is meant
   */
  createProvider(config: unknown): DatastoreProvider
}

/** What swamp asks of a datastore. Making the parts makes no request. */
export interface DatastoreProvider {
  /** A lock by its key. */
  createLock(datastorePath: string, options?: LockOptions): DistributedLock
  /** What tells whether the datastore can be used. */
  createVerifier(): DatastoreVerifier
  /** What keeps a cache of the datastore's files. */
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

/** How a lock of swamp's is asked for. */
export interface LockOptions {
  /** Names the lock. Default: `.datastore.lock`. */
  readonly lockKey?: string | undefined
  /** How long it outlives its holder, in milliseconds. Default: 30,000. */
  readonly ttlMs?: number | undefined
  /** The longest pause between two looks, in milliseconds. Default: 1,000. */
  readonly retryIntervalMs?: number | undefined
  /** How long `acquire` waits, in milliseconds. Default: 60,000. */
  readonly maxWaitMs?: number | undefined
  /** The namespace whose lock it is, for keys that do not say so themselves. */
  readonly namespace?: string | undefined
}

/** A lock of swamp's, across all machines. */
export interface DistributedLock {
  /** Waits until this process holds it. Rejects with a LockTimeoutError after `maxWaitMs`. */
  acquire(): Promise<void>
  /** Of what is not held: does nothing. */
  release(): Promise<void>
  /** Acquires it, runs `fn`, and releases it whatever comes of that. */
  withLock<T>(fn: () => Promise<T>): Promise<T>
  /** Who holds it; null while it is free. */
  inspect(): Promise<LockInfo | null>
  /** Resolves to whether it was held under this nonce, and is free now. */
  forceRelease(expectedNonce: string): Promise<boolean>
}

/** Who holds a lock of swamp's. */
export interface LockInfo {
  /** `user@host`. */
  readonly holder: string
  /** The holder's machine. */
  readonly hostname: string
  /** The holder's process. */
  readonly pid: number
  /** When it was acquired or renewed last, in ISO 8601. Swamp takes a lock for dead `ttlMs` after that, by its own clock. */
  readonly acquiredAt: string
  /** In milliseconds. */
  readonly ttlMs: number
  /** Differs between any two acquisitions. */
  readonly nonce: string
}

/** What tells whether a datastore can be used. */
export interface DatastoreVerifier {
  /** Tries it. Never rejects. */
  verify(): Promise<DatastoreHealth>
}

/** What a verifier found. */
export interface DatastoreHealth {
  /** Whether it can be used. */
  readonly healthy: boolean
  /** What was found, or what is wrong, for people. */
  readonly message: string
  /** How long the look took, in milliseconds. */
  readonly latencyMs: number
  /** The datastore's `type`. */
  readonly datastoreType: string
  /** More, by name. */
  readonly details: Record<string, string>
}
