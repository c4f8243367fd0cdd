// What swamp's core asks of the sync service of a datastore extension, and what it passes. Types only: swamp knows a service by its shape.
import type { Namespace } from '../../../runlet.ts'

/** What a sync service can do beyond pulling and pushing everything. */
export interface SyncCapabilities {
  /** Syncs can be limited to models. */
  readonly scopedSync: boolean
  /** Syncs can be of another swamp namespace. */
  readonly namespacedSync: boolean
  /** A push can be prepared, and published later. */
  readonly twoPhaseSync: boolean
  /** Files can be left out of a pull, and brought one by one. */
  readonly lazyHydration: boolean
  /** There is a store for small records beside. */
  readonly controlPlane: boolean
}

/** A model of swamp's. */
export interface SyncModel {
  /** May have slashes, like `aws/ec2/vpc`. */
  readonly modelType: string
  /** Its id within its type. */
  readonly modelId: string
}

/** What a sync is limited to. */
export interface SyncOptions {
  /** Aborts at once. */
  readonly signal?: AbortSignal | undefined
  /** Of `markDirty` only: the file or folder about to be written or removed, relative to the cache, with forward slashes. */
  readonly relPath?: string | undefined
  /** Limits a pull, and what of the marked paths a push looks at, to what belongs to these models, or to none. */
  readonly context?: { readonly models?: readonly SyncModel[] | undefined } | undefined
  /** Selects `{namespace}/…` in the cache, and its own namespace in the store. */
  readonly namespace?: string | undefined
  /** Of a pull: leaves out the `raw` files under `data/`. */
  readonly metadataOnly?: boolean | undefined
}

/** What `preparePush` has uploaded and `commitPush` publishes: plain JSON, and opaque to swamp. */
export type PushManifest = unknown

/** A line of a catalog, as swamp wrote it. */
export type CatalogRow = Readonly<Record<string, unknown>>

/** The catalog of a namespace. */
export interface ForeignCatalog {
  /** Whose it is. */
  readonly namespace: string
  /** Its lines. */
  readonly rows: readonly CatalogRow[]
}

/** Keeps the cache and the store in step. The numbers are of files. */
export interface SyncService {
  /** What it can do. */
  capabilities(): SyncCapabilities
  /** Resolves to how many files of the cache were written or removed. */
  pullChanged(options?: SyncOptions): Promise<number>
  /** Resolves to how many files of the store were written or removed. */
  pushChanged(options?: SyncOptions): Promise<number>
  /** Called before the cache is written to. Without `relPath`, anything may be about to change. */
  markDirty(options?: SyncOptions): Promise<void>
  /** The first half of a push: uploads, and publishes nothing. */
  preparePush(options?: SyncOptions): Promise<PushManifest>
  /** The second half: publishes at once what was prepared. Resolves to how many files of the store were written or removed. */
  commitPush(manifest: PushManifest, options?: SyncOptions): Promise<number>
  /** Resolves to whether the file is in the cache now. */
  hydrateFile(relPath: string, options?: SyncOptions): Promise<boolean>
  /** Publishes the catalog of a namespace: these rows, else the file that swamp has written to the cache. */
  exportCatalog(namespace: string, rows?: readonly CatalogRow[], signal?: AbortSignal): Promise<void>
  /** The catalogs of those namespaces that have one. */
  pullForeignCatalogs(namespaces: readonly string[], signal?: AbortSignal): Promise<ForeignCatalog[]>
  /** A file of another namespace, not kept in the cache; null where there is none. */
  fetchForeignContent(namespace: string, relPath: string, signal?: AbortSignal): Promise<Uint8Array | null>
  /** Where small records lie. */
  controlPlaneStore(): ControlPlaneStore
}

/** Small records beside what is synchronised. Keys are like paths. */
export interface ControlPlaneStore {
  /** Writes a record, whatever was there. */
  put(key: string, data: Uint8Array): Promise<void>
  /** Resolves to whether this call put it: of several at once, one does. */
  putIfAbsent(key: string, data: Uint8Array): Promise<boolean>
  /** A record; null where there is none. */
  get(key: string): Promise<Uint8Array | null>
  /** Of what is not there: does nothing. */
  delete(key: string): Promise<void>
  /** The keys that start with `prefix`, in order. */
  list(prefix: string): Promise<string[]>
}

/** What a sync service works with. */
export interface SyncAbout {
  /** The namespace of runlet that a swamp namespace is; undefined: the one without a name. Need ask the store nothing. */
  readonly open: (namespace?: string) => Promise<Namespace>
  /** The swamp namespaces that the store knows. */
  readonly list: () => Promise<string[]>
  /** The folder of the cache. */
  readonly cachePath: string
  /** Where small records lie. */
  readonly controlPlane: () => ControlPlaneStore
}
