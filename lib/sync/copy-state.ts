// What a working copy remembers, beside the directory in `.runlet/copy/`: the head that it follows, and for each path the content
// that copy and namespace have in common, with the stat that the file had then. Entries lie in buckets by a hash of their path, so
// that one file's push reads and writes one bucket, whatever the copy holds.
// The invariant: an entry that is missing or out of date costs a hash, never data; the head is written last.
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Ambient } from '../ambient.ts'
import type { Path } from '../names.ts'
import { headSchema } from '../namespace/head.ts'
import { namespaceSchema, pathSchema } from '../namespace/row.ts'
import { decodeJson, encodeJson, parseText, validate } from '../store/json-object.ts'
import { STATE_FOLDER } from './local-files.ts'

const sideSchema = z.object({ sha256: z.string().length(64), executable: z.boolean() })

const entrySchema = sideSchema.extend({
  path: pathSchema,
  size: z.number().int().nonnegative(),
  mtimeNs: z.string(),
  inode: z.string(),
  /** When the stat was taken, by this machine's clock, in milliseconds. */
  at: z.number(),
})

const headerSchema = z.object({
  format: z.literal(1),
  store: z.string(),
  namespace: namespaceSchema,
  prefix: z.string(),
  /** The head that the directory was last brought in step with. */
  head: headSchema.optional(),
  etag: z.string().optional(),
  /** What the namespace says of paths that both sides changed; null where it deleted them. */
  conflicts: z.record(z.string(), sideSchema.nullable()),
})

export type CopyEntry = z.infer<typeof entrySchema>
export type CopyHeader = z.infer<typeof headerSchema>

const BUCKETS = 256

export class CopyState {
  private readonly folder: string
  private readonly ambient: Ambient
  private readonly buckets = new Map<string, Map<string, CopyEntry>>()
  private readonly dirty = new Set<string>()

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
    await this.writeWhole('state.json', encodeJson(header))
  }

  async get(path: Path): Promise<CopyEntry | undefined> {
    return (await this.bucket(bucketOf(path))).get(path)
  }

  async set(entry: CopyEntry): Promise<void> {
    const name = bucketOf(entry.path)
    ;(await this.bucket(name)).set(entry.path, entry)
    this.dirty.add(name)
  }

  async delete(path: Path): Promise<void> {
    const name = bucketOf(path)
    if ((await this.bucket(name)).delete(path)) this.dirty.add(name)
  }

  /** All entries, in no order. */
  async *all(): AsyncGenerator<CopyEntry> {
    for (let i = 0; i < BUCKETS; i++) yield* (await this.bucket(bucketName(i))).values()
  }

  /** Writes the buckets that changed. */
  async flush(): Promise<void> {
    for (const name of this.dirty) {
      const entries = [...(await this.bucket(name)).values()]
      await this.writeWhole(
        join('entries', name),
        Buffer.from(entries.map(entry => `${JSON.stringify(entry)}\n`).join('')),
      )
    }
    this.dirty.clear()
  }

  private async bucket(name: string): Promise<Map<string, CopyEntry>> {
    const known = this.buckets.get(name)
    if (known) return known
    const path = join(this.folder, 'entries', name)
    const body = await readFile(path, 'utf8').catch(ifMissing)
    const lines = body?.split('\n').filter(line => line !== '') ?? []
    const entries = lines.map(line => validate(path, parseText(path, line), entrySchema))
    const bucket = new Map(entries.map(entry => [entry.path as string, entry]))
    this.buckets.set(name, bucket)
    return bucket
  }

  private async writeWhole(name: string, body: Uint8Array): Promise<void> {
    const target = join(this.folder, name)
    const staging = join(this.folder, 'tmp', this.ambient.randomId())
    await mkdir(join(this.folder, 'tmp'), { recursive: true })
    await mkdir(join(this.folder, 'entries'), { recursive: true })
    await writeFile(staging, body, { flush: true })
    await rename(staging, target)
  }
}

const bucketName = (i: number): string => i.toString(16).padStart(2, '0')
const bucketOf = (path: string): string => createHash('sha256').update(path).digest('hex').slice(0, 2)

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined
  throw error
}
