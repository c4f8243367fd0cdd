// What swamp and a datastore extension say to one another, as swamp's core calls it and its own extensions answer. Types only: swamp
// knows an extension by its shape, so nothing of swamp is imported here, or needed.
import type { z } from 'zod'

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

export interface SyncCapabilities {
  readonly scopedSync: boolean
  readonly namespacedSync: boolean
  readonly twoPhaseSync: boolean
  readonly lazyHydration: boolean
  readonly controlPlane: boolean
}

export interface SyncOptions {
  /** Aborts at once. */
  readonly signal?: AbortSignal | undefined
  /** Of `markDirty` only: what is about to be written or removed, relative to the cache, with forward slashes. */
  readonly relPath?: string | undefined
  /** Limits it to what belongs to these models. */
  readonly context?: { readonly models?: readonly SyncModel[] | undefined } | undefined
  /** Selects `{namespace}/…` in the cache, and its own namespace in the store. */
  readonly namespace?: string | undefined
  /** Of a pull: leaves the content of data out. */
  readonly metadataOnly?: boolean | undefined
}

export interface SyncModel {
  readonly modelType: string
  readonly modelId: string
}

/** What `preparePush` has uploaded and `commitPush` publishes; opaque to swamp. */
export type PushManifest = unknown

/** A line of a catalog, as swamp wrote it. */
export type CatalogRow = Readonly<Record<string, unknown>>

export interface ForeignCatalog {
  readonly namespace: string
  readonly rows: readonly CatalogRow[]
}

/** The numbers are of files. */
export interface SyncService {
  capabilities(): SyncCapabilities
  pullChanged(options?: SyncOptions): Promise<number>
  pushChanged(options?: SyncOptions): Promise<number>
  /** Called before the cache is written to. */
  markDirty(options?: SyncOptions): Promise<void>
  preparePush(options?: SyncOptions): Promise<PushManifest>
  commitPush(manifest: PushManifest, options?: SyncOptions): Promise<number>
  /** Resolves to whether the store has it. */
  hydrateFile(relPath: string, options?: SyncOptions): Promise<boolean>
  exportCatalog(namespace: string, rows?: readonly CatalogRow[], signal?: AbortSignal): Promise<void>
  pullForeignCatalogs(namespaces: readonly string[], signal?: AbortSignal): Promise<ForeignCatalog[]>
  fetchForeignContent(namespace: string, relPath: string, signal?: AbortSignal): Promise<Uint8Array | null>
  controlPlaneStore(): ControlPlaneStore
}

/** Small records beside what is synchronised. Keys are like paths. */
export interface ControlPlaneStore {
  put(key: string, data: Uint8Array): Promise<void>
  /** Resolves to whether this call put it: of several at once, one does. */
  putIfAbsent(key: string, data: Uint8Array): Promise<boolean>
  get(key: string): Promise<Uint8Array | null>
  /** Of what is not there: does nothing. */
  delete(key: string): Promise<void>
  /** The keys that start with `prefix`, in order. */
  list(prefix: string): Promise<string[]>
}
