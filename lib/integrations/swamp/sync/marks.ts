// What swamp said it is about to change: a file for each path that was marked, in the cache, which is there before `markDirty` resolves.
// So a mark outlives its process, and processes that share a cache take none from one another: a push removes just the files that it
// has read, once what they name is published. A mark that is lost would lose a change; one that stays costs a look at its path.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Ambient } from '../../../ambient.ts'
import type { Path } from '../../../names.ts'
import { pathSchema } from '../../../namespace/row.ts'
import { decodeJson, encodeJson } from '../../../store/json-object.ts'
import { ifMissing } from '../../../sync/local-files.ts'
import { STATE_FOLDER } from '../../../sync/ours.ts'
import * as z from '../../../vendor/zod.ts'
import { ownStart, startOf } from './process-start.ts'

const markSchema = z.object({
  /** Relative to the cache; null: anything may have changed. */
  path: pathSchema.nullable(),
  pid: z.number().int(),
  /** When that began: ids of processes are used again. Absent where it could not be told. */
  start: z.string().optional(),
  host: z.string(),
})

type Written = z.infer<typeof markSchema>

export interface Mark {
  readonly id: string
  /** Undefined: anything may have changed. */
  readonly path: Path | undefined
  /** Whether the process that made it has ended: what it was about to do it has done, or never will. */
  readonly isLeft: boolean
}

export class Marks {
  readonly #folder: string
  readonly #ambient: Ambient
  /** Marked since they were last taken: to be marked once. */
  #fresh = new Map<Path | undefined, Promise<void>>()
  readonly #read = new Map<string, Mark>()

  constructor(cachePath: string, ambient: Ambient) {
    this.#folder = join(cachePath, STATE_FOLDER, 'swamp', 'marks')
    this.#ambient = ambient
  }

  /** Resolves when it is on the disk. */
  add(path: Path | undefined): Promise<void> {
    const known = this.#fresh.get(path)
    if (known) return known
    const written = this.#write(path)
    this.#fresh.set(path, written)
    written.catch(() => this.#fresh.delete(path))
    return written
  }

  /** All marks but those of other processes at work here, which push what they mark. */
  async take(): Promise<Mark[]> {
    this.#fresh = new Map()
    const names = (await readdir(this.#folder).catch(ifMissing)) ?? []
    for (const id of this.#read.keys()) if (!names.includes(id)) this.#read.delete(id)
    const marks: Mark[] = []
    for (const id of names) {
      const mark = this.#read.get(id) ?? (await this.#load(id))
      if (mark) marks.push(mark)
    }
    return marks
  }

  async drop(ids: readonly string[]): Promise<void> {
    for (const id of ids) await rm(join(this.#folder, id), { force: true })
  }

  async #write(path: Path | undefined): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    const body = encodeJson({ path: path ?? null, pid: process.pid, start: await ownStart(), host: hostname() })
    await writeFile(join(this.#folder, this.#ambient.randomId()), body, { flush: true, flag: 'wx' })
  }

  /** Undefined for one that is gone, or another's. What is none, as after a crash while it was written, may mean anything. */
  async #load(id: string): Promise<Mark | undefined> {
    const body = await readFile(join(this.#folder, id)).catch(ifMissing)
    if (!body) return undefined
    const written = await parsed(id, body)
    const { path, host } = written
    const owner = host === hostname() ? await stateOf(written) : 'unknown'
    if (owner === 'other') return undefined
    const mark = { id, path: path ?? undefined, isLeft: owner === 'ended' }
    this.#read.set(id, mark)
    return mark
  }
}

async function parsed(id: string, body: Uint8Array): Promise<Written> {
  try {
    return decodeJson(id, body, markSchema)
  } catch {
    return { path: null, pid: process.pid, start: await ownStart(), host: hostname() }
  }
}

/** 'unknown' where a process cannot be asked for. */
async function stateOf({ pid, start }: Written): Promise<'own' | 'other' | 'ended' | 'unknown'> {
  const state = pid === process.pid ? 'own' : aliveOrNot(pid)
  if ((state !== 'own' && state !== 'other') || start === undefined) return state
  const now = await (state === 'own' ? ownStart() : startOf(pid))
  return now === undefined || now === start ? state : 'ended'
}

function aliveOrNot(pid: number): 'other' | 'ended' | 'unknown' {
  try {
    process.kill(pid, 0)
    return 'other'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ESRCH') return 'ended'
    return code === 'EPERM' ? 'other' : 'unknown'
  }
}
