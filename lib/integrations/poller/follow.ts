// The log as it grows: reads on where it left off, in whichever files there are.
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { systemAmbient } from '../../ambient.ts'
import { logFiles } from './log.ts'

const PAUSE_MS = 300

/** Text that is added from now on, until the signal aborts. */
export async function* follow(folder: string, signal: AbortSignal): AsyncGenerator<string> {
  const read = new Map<string, number>()
  for (const name of await logFiles(folder)) read.set(name, await sizeOf(join(folder, name)))
  for (;;) {
    try {
      await systemAmbient.sleep(PAUSE_MS, { signal })
    } catch {
      return
    }
    const there = await logFiles(folder)
    for (const name of there) {
      const text = await textFrom(join(folder, name), read.get(name) ?? 0)
      read.set(name, (read.get(name) ?? 0) + Buffer.byteLength(text))
      if (text !== '') yield text
    }
    for (const name of read.keys()) if (!there.includes(name)) read.delete(name)
  }
}

async function sizeOf(path: string): Promise<number> {
  const handle = await open(path).catch(() => undefined)
  const stats = await handle?.stat()
  await handle?.close()
  return stats?.size ?? 0
}

/** Whole lines only: the rest is being written. */
async function textFrom(path: string, offset: number): Promise<string> {
  const handle = await open(path).catch(() => undefined) // removed in this moment
  if (!handle) return ''
  try {
    const { size } = await handle.stat()
    if (size <= offset) return ''
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - offset), 0, size - offset, offset)
    return buffer.toString('utf8', 0, buffer.lastIndexOf('\n', bytesRead - 1) + 1)
  } finally {
    await handle.close()
  }
}
