// Staging: a value is written and flushed in a folder of its own below `.tmp`, before anything of it can be seen under its key.
// The invariant: whoever else finds that folder (see leftovers.ts) moves it away whole before emptying it, so its owner can
// publish all of it or nothing. It does not know what becomes of it.
import { access, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreError } from '../../errors.ts'
import type { Body } from '../object-store.ts'
import { isCode, onDisk, throwIfAborted, withFile } from './disk.ts'
import { TEMPORARY } from './paths.ts'
import { fileName, type Version } from './sight.ts'

export interface Staged {
  readonly key: string
  /** Holds the value only, named as the first version of a new incarnation: so the folder can become an object. */
  readonly folder: string
  readonly version: Version
  readonly file: string
}

/** Writes `body` to a temporary folder and flushes it. A stream takes one chunk of memory at a time. */
export async function stage(
  root: string,
  key: string,
  body: Body,
  randomId: string,
  signal: AbortSignal | undefined,
): Promise<Staged> {
  const folder = join(root, TEMPORARY, randomId)
  const version = { incarnation: randomId, generation: 1 }
  const staged = { key, folder, version, file: join(folder, fileName(version)) }
  await onDisk('put', key, () => mkdir(folder))
  try {
    if (body instanceof Uint8Array) await onDisk('put', key, () => writeBytes(staged.file, body))
    else await writeStream(staged, body, signal)
    return staged
  } catch (error) {
    await discard(staged)
    throw error
  }
}

/** Removes what is left of a staged value. What cannot be removed now goes with the leftovers; the put's outcome stands. */
export async function discard(staged: Staged): Promise<void> {
  await rm(staged.folder, { recursive: true, force: true }).catch(() => {})
}

/** Throws when the staged value is gone: it lay for so long that another process took it for a dead one's. */
export async function assertStaged(staged: Staged): Promise<void> {
  try {
    await access(staged.file)
  } catch (cause) {
    if (!isCode(cause, 'ENOENT')) throw cause
    throw new StoreError('put', staged.key, 'its temporary file was removed, so nothing was written', { cause })
  }
}

function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  return withFile(path, 'wx', async file => {
    await file.writeFile(bytes)
    await file.sync()
  })
}

/**
 * A stream may wait for other reads and writes of this store, so it does not count among the open files. Its own errors pass
 * as they are. A signal ends it at the next chunk.
 */
async function writeStream(staged: Staged, body: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined) {
  const { key } = staged
  const file = await onDisk('put', key, () => open(staged.file, 'wx'))
  try {
    for await (const chunk of body) {
      throwIfAborted('put', key, signal)
      await onDisk('put', key, () => file.writeFile(chunk))
    }
    await onDisk('put', key, () => file.sync())
  } finally {
    await file.close()
  }
}
