// How far work has come, on the one line that moves (output.ts): a bar where the end is known, else what was done so far. Everything that
// can take more than two seconds tells of itself in one of these ways; nothing is shown but to who looks at a terminal.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { systemAmbient } from '../ambient.ts'
import type { RequestEvent } from '../events.ts'
import { formatSpan } from './durations.ts'
import type { Output } from './output.ts'
import { formatBytes } from './sizes.ts'

type Teller = Pick<Output, 'moves' | 'move' | 'still'>

const WIDTH = 24
/** Work that is over sooner is not told of. */
const PATIENCE_MS = 1000
const TICK_MS = 250

interface Amount {
  readonly done: number
  /** Where it ends, if that is known. */
  readonly total?: number | undefined
  /** In the plural. `bytes` are shown in KiB and more. */
  readonly unit: string
}

/** `put  ████████████░░░░░░░░░░░░  52%  1.2 GiB of 2.3 GiB`. Pure. */
export function progressLine(what: string, { done, total, unit }: Amount): string {
  const of = (count: number) => (unit === 'bytes' ? formatBytes(count) : count.toLocaleString('en-US'))
  const noun = (count: number) => (unit === 'bytes' ? '' : ` ${count === 1 ? unit.replace(/s$/, '') : unit}`)
  if (total === undefined || total <= 0) return `${what}: ${of(done)}${noun(done)}`
  const part = Math.min(1, done / total)
  const full = Math.floor(part * WIDTH)
  const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full)
  return `${what}  ${bar} ${String(Math.floor(part * 100)).padStart(3)}%  ${of(Math.min(done, total))} of ${of(total)}${noun(total)}`
}

/** The chunks as they are, told of as they pass. */
export async function* passing(
  output: Teller,
  what: string,
  chunks: AsyncIterable<Uint8Array>,
  total?: number | undefined,
): AsyncGenerator<Uint8Array> {
  let done = 0
  for await (const chunk of chunks) {
    yield chunk
    done += chunk.length
    output.move(progressLine(what, { done, total, unit: 'bytes' }))
  }
}

/** Waits for work that does not tell how far it is (`what` may tell where it is now): after a second, for how long that was, and what it has asked of the store. */
export async function during<T>(output: Teller, what: string | (() => string), work: Promise<T>): Promise<T> {
  if (!output.moves) return work
  const startedAt = systemAmbient.monotonic()
  const asked = { requests: 0, bytes: 0 }
  const count = (event: unknown) => {
    const { bytesUp, bytesDown } = event as RequestEvent
    asked.requests += 1
    asked.bytes += bytesUp + bytesDown
  }
  const over = new AbortController()
  const told = tick(() => {
    const span = formatSpan(Math.round((systemAmbient.monotonic() - startedAt) / 1000) * 1000)
    const requests = asked.requests === 1 ? '1 request' : `${asked.requests.toLocaleString('en-US')} requests`
    output.move(`${typeof what === 'string' ? what : what()}: ${span}, ${requests}, ${formatBytes(asked.bytes)}`)
  }, over.signal)
  subscribe('runlet:request', count)
  try {
    return await work
  } finally {
    unsubscribe('runlet:request', count)
    over.abort()
    await told
    output.still()
  }
}

async function tick(tell: () => void, signal: AbortSignal): Promise<void> {
  for (let pause = PATIENCE_MS; ; pause = TICK_MS) {
    try {
      await systemAmbient.sleep(pause, { signal, background: true })
    } catch {
      return // the work is over
    }
    tell()
  }
}
