// What the other files here ask of the disk: errors as runlet's own (G10), folders made and flushed so that what they hold
// survives a power cut, and a bound on open files, so that a thousand puts at once do not run out of them.
// It knows neither keys' layout nor versions.
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import PQueue from 'p-queue'
import { AbortedError, AccessDeniedError, RunletError, StoreError } from '../../errors.ts'

/** Files that this process has open at once. Node works on four at a time; a soft limit may be as low as 256. */
const handles = new PQueue({ concurrency: 32 })

const REFUSALS = ['EACCES', 'EPERM', 'EROFS']

/** Whether the system answered with one of these codes. */
export function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** Runs `work`, and gives what the disk refuses as AccessDeniedError, what else fails there as StoreError. */
export async function onDisk<T>(operation: string, key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw explain(operation, key, error)
  }
}

function explain(operation: string, key: string, error: unknown): RunletError {
  if (error instanceof RunletError) return error
  const problem = error instanceof Error ? error.message : String(error)
  if (isCode(error, ...REFUSALS)) return new AccessDeniedError(operation, key, problem, { cause: error })
  return new StoreError(operation, key, problem, { cause: error })
}

export function throwIfAborted(operation: string, key: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AbortedError(`${operation} "${key}"`, signal.reason)
}

/** Opens a file for as long as `work` takes, once fewer than the allowed number are open. */
export function withFile<T>(path: string, flags: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
  return handles.add(async () => {
    const file = await open(path, flags)
    try {
      return await work(file)
    } finally {
      await file.close()
    }
  })
}

/** Makes the names in a folder survive a power cut. A folder that was removed meanwhile has nothing to keep. */
export async function flushFolder(folder: string): Promise<void> {
  try {
    await withFile(folder, 'r', file => file.sync())
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error
  }
}

/** Makes a folder and those above it. Who makes one flushes its name; who finds it made leaves that to its maker. */
export async function makeFolders(folder: string): Promise<void> {
  for (;;) {
    try {
      await mkdir(folder)
      return await flushFolder(dirname(folder))
    } catch (error) {
      if (isCode(error, 'EEXIST')) return
      if (!isCode(error, 'ENOENT')) throw error
      await makeFolders(dirname(folder))
    }
  }
}
