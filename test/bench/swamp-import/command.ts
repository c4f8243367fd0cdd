// The built command as a process of its own, with an empty cache, and what it cost: requests and bytes as they arrived at the server,
// seconds, and the peak of its memory.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Summary } from '../../support/s3-server.ts'

const COMMAND = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))
const PRELOAD = new URL('peak-memory.mjs', import.meta.url).href

export interface Cost extends Pick<Summary, 'requests' | 'bytesUp' | 'bytesDown' | 'operations'> {
  readonly seconds: number
  readonly peakBytes: number
  /** What the command told. */
  readonly report: Readonly<Record<string, unknown>>
}

export async function measure(endpoint: string, args: readonly string[]): Promise<Cost> {
  await fetch(`${endpoint}/_runlet/reset`, { method: 'POST' })
  const cache = await mkdtemp(join(tmpdir(), 'runlet-bench-cache-'))
  const startedAt = performance.now()
  const child = spawn(process.execPath, ['--import', PRELOAD, COMMAND, '--json', ...args], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    env: { ...process.env, RUNLET_CACHE: cache },
  })
  const ended = new Promise<number | null>(resolve => child.once('exit', resolve))
  const [told, peak, code] = await Promise.all([
    text(child.stdout as Readable),
    text(child.stdio[3] as Readable),
    ended,
  ])
  const seconds = (performance.now() - startedAt) / 1000
  await rm(cache, { recursive: true, force: true })
  if (code !== 0) throw new Error(`runlet ${args.join(' ')} ended with ${code}: ${told.slice(0, 500)}`)
  const summary = (await (await fetch(`${endpoint}/_runlet/stats`)).json()) as Summary
  const { requests, bytesUp, bytesDown, operations } = summary
  return { requests, bytesUp, bytesDown, operations, seconds, peakBytes: Number(peak) * 1024, report: JSON.parse(told) }
}
