// What a working copy remembers, beside the directory in `.runlet/copy/`: the head that it follows, and for each path the content
// that copy and namespace have in common, with the stat that the file had then. Entries lie in buckets by a hash of their path, so
// that one file's push reads and writes one bucket, whatever the copy holds.
// The invariant: an entry that is missing or out of date costs a hash, never data; the head is written last. What a pull is about
// to do to the directory stands in a journal before it is done, so that whoever comes after a crash knows whose files those are.
import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Ambient } from '../ambient.ts'
import { concurrently } from '../concurrently.ts'
import { CorruptObjectError } from '../errors.ts'
import { isPath, type Path } from '../names.ts'
import { headSchema } from '../namespace/head.ts'
import { namespaceSchema, pathSchema } from '../namespace/row.ts'
import { decodeJson, encodeJson, parseText } from '../store/json-object.ts'
import * as z from '../vendor/zod.ts'
import { foldersAbove } from './collisions.ts'
import type { CopyEntry, JournalEntry } from './entry.ts'
import { decodeEntries, decodeJournal, encodeEntries, encodeJournal } from './entry.ts'
import { ifMissing } from './local-files.ts'
import { isOurs, STATE_FOLDER } from './ours.ts'

export const sideSchema = z.object({ sha256: z.string().length(64), executable: z.boolean() })

/** A map: `__proto__` and `constructor` are paths like any other. Only of paths that are synchronised: settling writes them. */
const conflictsSchema = z
  .custom<object>(value => typeof value === 'object' && value !== null)
  .transform(Object.entries)
  .pipe(z.array(z.tuple([pathSchema, sideSchema.nullable()])))
  .transform(entries => new Map(entries.filter(([path]) => isOurs(path))))

const headerSchema = z.object({
  format: z.literal(1),
  store: z.string(),
  namespace: namespaceSchema,
  prefix: z.string(),
  /** The head that the directory was last brought in step with. */
  head: headSchema.optional(),
  etag: z.string().optional(),
  /** A newer one, that only what starts with one of these prefixes was brought in step with. */
  reached: z.object({ head: headSchema, etag: z.string(), prefixes: z.array(z.string()) }).optional(),
  /** What is remembered of some path may be newer than the head that the path was brought in step with. */
  ahead: z.literal(true).optional(),
  /** Files may have been left out. */
  absent: z.literal(true).optional(),
  /** What the namespace says of paths that both sides changed; null where it deleted them. */
  conflicts: conflictsSchema,
})

export type CopyHeader = z.infer<typeof headerSchema>

const BUCKETS = 256
const FILES_AT_ONCE = 8

export class CopyState {
  /** How many buckets were read. */
  bucketsRead = 0
  private readonly folder: string
  private readonly ambient: Ambient
  private readonly buckets = new Map<number, Map<string, CopyEntry>>()
  private readonly dirty = new Set<number>()
  /** All folders that something is remembered of, and perhaps more. */
  private known: Set<string> | undefined
  private knownGrew = false
  private journalled = false

  constructor(root: string, ambient: Ambient) {
    this.folder = join(root, STATE_FOLDER, 'copy')
    this.ambient = ambient
  }

  /** Undefined in a directory that never was a working copy. */
  async header(): Promise<CopyHeader | undefined> {
    const path = join(this.folder, 'state.json')
    const body = await readFile(path).catch(ifMissing)
    return body && decodeJson(path, body, headerSchema)
  }

  async writeHeader(header: CopyHeader): Promise<void> {
    await this.writeWhole('state.json', encodeJson({ ...header, conflicts: Object.fromEntries(header.conflicts) }))
  }

  async get(path: Path): Promise<CopyEntry | undefined> {
    return (await this.bucket(bucketOf(path))).get(path)
  }

  async set(entry: CopyEntry): Promise<void> {
    const number = bucketOf(entry.path)
    const bucket = await this.bucket(number)
    if (!bucket.has(entry.path)) await this.learnFolders(entry.path)
    bucket.set(entry.path, entry)
    this.dirty.add(number)
  }

  async delete(path: Path): Promise<void> {
    const number = bucketOf(path)
    if ((await this.bucket(number)).delete(path)) this.dirty.add(number)
  }

  /** All entries, in no order. */
  async *all(): AsyncGenerator<CopyEntry> {
    for (let number = 0; number < BUCKETS; number++) yield* (await this.bucket(number)).values()
  }

  /** Whether anything may be remembered of a folder; false only when surely nothing is. Reads no bucket. */
  async mayHaveBelow(folder: Path): Promise<boolean> {
    return (await this.folders()).has(folder)
  }

  /** Notes what is about to be done to files. To be called before it is done. */
  async intend(entries: readonly JournalEntry[]): Promise<void> {
    if (entries.length === 0) return
    await this.makeFolders()
    this.journalled = true
    await appendFile(join(this.folder, 'journal'), encodeJournal(entries))
  }

  /** What was about to be done when the last operation ended early. */
  async intended(): Promise<JournalEntry[]> {
    const body = await readFile(join(this.folder, 'journal'), 'utf8').catch(ifMissing)
    this.journalled = body !== undefined
    return body === undefined ? [] : decodeJournal(body)
  }

  /** Writes the buckets that changed. */
  async flush(): Promise<void> {
    if (this.dirty.size > 0) {
      await this.makeFolders()
      // Before the buckets: that a folder is known must never be missing.
      if (this.knownGrew) await this.writeWhole('folders.json', encodeJson([...(await this.folders())].sort()))
      this.knownGrew = false
      await concurrently(this.dirty, FILES_AT_ONCE, async number => {
        const bucket = await this.bucket(number)
        await this.writeWhole(join('files', fileOf(number)), Buffer.from(encodeEntries(bucket.values())))
      })
      this.dirty.clear()
    }
  }

  /** Forgets what was intended. To be called once the entries are written, and the head that they are of. */
  async conclude(): Promise<void> {
    if (this.journalled) await rm(join(this.folder, 'journal'), { force: true })
    this.journalled = false
  }

  private async bucket(number: number): Promise<Map<string, CopyEntry>> {
    const known = this.buckets.get(number)
    if (known) return known
    const path = join(this.folder, 'files', fileOf(number))
    const body = await readFile(path, 'utf8').catch(ifMissing)
    this.bucketsRead += 1
    const read = new Map(body === undefined ? [] : decodeEntries(path, body).map(entry => [entry.path, entry]))
    const bucket = this.buckets.get(number) ?? read // somebody else may have read it meanwhile, and changed it
    this.buckets.set(number, bucket)
    return bucket
  }

  private async learnFolders(path: string): Promise<void> {
    const folders = this.known ?? (await this.folders())
    for (const folder of foldersAbove(path)) {
      if (folders.has(folder)) continue
      folders.add(folder)
      this.knownGrew = true
    }
  }

  private async folders(): Promise<Set<string>> {
    if (this.known) return this.known
    const path = join(this.folder, 'folders.json')
    const body = await readFile(path, 'utf8').catch(ifMissing)
    const names = body === undefined ? [] : parseText(path, body)
    if (!Array.isArray(names) || !names.every(name => typeof name === 'string' && isPath(name)))
      throw new CorruptObjectError(path, 'is no list of folders')
    this.known ??= new Set(names)
    return this.known
  }

  private async makeFolders(): Promise<void> {
    await mkdir(join(this.folder, 'tmp'), { recursive: true })
    await mkdir(join(this.folder, 'files'), { recursive: true })
  }

  /** Where one of the copy's own files lies. */
  pathOf(name: string): string {
    return join(this.folder, name)
  }

  /** Writes one of the copy's own files, so that it is there as a whole or not at all. */
  async writeWhole(name: string, body: Uint8Array): Promise<void> {
    await this.makeFolders()
    const staging = join(this.folder, 'tmp', this.ambient.randomId())
    await writeFile(staging, body, { flush: true })
    await rename(staging, join(this.folder, name))
  }
}

const fileOf = (bucket: number): string => bucket.toString(16).padStart(2, '0')

/** FNV-1a: a good spread at the price of a loop. */
function bucketOf(path: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193)
  return (hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & (BUCKETS - 1)
}
