// What pollers said, in files of bounded size that rotate. Each start writes files of its own, so that two at once never meet; a full
// file is followed by another, and the oldest of the poller are removed. What a killed one wrote is there up to its last line.
import { appendFile, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Ambient, systemAmbient } from '../../ambient.ts'
import { compareBytes, type Segment } from '../../names.ts'
import type { Places } from './places.ts'
import { folderOf } from './poller.ts'

export interface LogBounds {
  /** Of one file. */
  readonly fileBytes: number
  /** Of all files of a poller, beside those that are being written. */
  readonly totalBytes: number
  readonly files: number
}

const LOG_BOUNDS: LogBounds = { fileBytes: 512 * 1024, totalBytes: 4 * 1024 * 1024, files: 500 }

/** A longer line is broken. */
const LINE_BYTES = 16 * 1024
const NEWLINE = 10
/** Of what stands before each line. */
const TIME_LENGTH = '2026-11-24T02:10:00.000Z'.length

export const logFolder = (places: Places, name: Segment): string => join(folderOf(places, name), 'logs')

/** The log of one start. A log that cannot be written ends no run: `problem` says why. */
export class Log {
  problem: unknown
  readonly #folder: string
  readonly #bounds: LogBounds
  readonly #ambient: Ambient
  readonly #id: string
  #file: { path: string; bytes: number } | undefined
  #turn: Promise<void> = Promise.resolve()

  constructor(folder: string, bounds: LogBounds = LOG_BOUNDS, ambient: Ambient = systemAmbient) {
    this.#folder = folder
    this.#bounds = bounds
    this.#ambient = ambient
    this.#id = ambient.randomId()
  }

  /** Adds lines, with the time before each. Resolves when they are in the file. */
  add(lines: readonly string[]): Promise<void> {
    this.#turn = this.#turn.then(() =>
      this.#write(lines).catch(error => {
        this.problem ??= error
      }),
    )
    return this.#turn
  }

  async #write(lines: readonly string[]): Promise<void> {
    const time = new Date(this.#ambient.now()).toISOString()
    let text = ''
    for (const line of lines) {
      text += `${time} ${line}\n`
      if (text.length >= LINE_BYTES) {
        await this.#append(text)
        text = ''
      }
    }
    if (text !== '') await this.#append(text)
  }

  async #append(text: string): Promise<void> {
    if (!this.#file || this.#file.bytes >= this.#bounds.fileBytes) {
      await mkdir(this.#folder).catch(throwUnlessThere)
      await prune(this.#folder, this.#bounds)
      const time = new Date(this.#ambient.now()).toISOString().replace(/[-:.]/g, '')
      this.#file = { path: join(this.#folder, `${time}~${this.#id}.log`), bytes: 0 }
    }
    this.#file.bytes += Buffer.byteLength(text)
    await appendFile(this.#file.path, text, { mode: 0o600 })
  }
}

/** Not the folder above it too: that of a poller which was uninstalled meanwhile must not come back. */
function throwUnlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

/** The files, oldest first. */
export async function logFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.filter(name => name.endsWith('.log')).sort()
}

async function prune(folder: string, { totalBytes, files }: LogBounds): Promise<void> {
  let [bytes, count] = [0, 0]
  for (const name of (await logFiles(folder)).reverse()) {
    const path = join(folder, name)
    bytes += (await stat(path).catch(() => undefined))?.size ?? 0
    count++
    if (bytes > totalBytes || count > files) await rm(path, { force: true })
  }
}

/** Chunks of bytes as lines of bounded length, without their ends. The last may have none. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string[]> {
  let rest = Buffer.alloc(0)
  for await (const chunk of chunks) {
    let text = Buffer.concat([rest, chunk])
    const lines: string[] = []
    for (;;) {
      const newline = text.indexOf(NEWLINE)
      const isTooLong = newline === -1 ? text.length > LINE_BYTES : newline > LINE_BYTES
      if (newline === -1 && !isTooLong) break
      lines.push(text.toString('utf8', 0, isTooLong ? LINE_BYTES : newline))
      text = text.subarray(isTooLong ? LINE_BYTES : newline + 1)
    }
    rest = text
    if (lines.length > 0) yield lines
  }
  if (rest.length > 0) yield [rest.toString()]
}

/** The newest lines, oldest first: of starts that overlapped too, whose lines lie in different files. */
export async function lastLines(folder: string, count: number): Promise<string[]> {
  if (count === 0) return []
  const lines: string[] = []
  for (const name of await logFiles(folder)) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => '') // removed in this moment
    lines.push(...text.split('\n').slice(0, -1))
  }
  const timeOf = (line: string): string => line.slice(0, TIME_LENGTH)
  return lines.sort((a, b) => compareBytes(timeOf(a), timeOf(b))).slice(-count)
}
