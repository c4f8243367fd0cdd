// Puts what a program left in its folder into the run: one commit, values streamed, so that neither many files nor a large one
// need memory. A file that is as the run has it already is not put again.
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import PQueue from 'p-queue'
import type { Run } from '../../runlet.ts'
import { FileError } from '../errors.ts'
import { type FoundFile, scanFolder } from './scan.ts'

const FILES_AT_ONCE = 16

/** Resolves to how many files were put: all or, when it throws, none. @throws FileError */
export async function putFolder(run: Run, folder: string): Promise<number> {
  const files = await changedFiles(run, await scanFolder(folder))
  if (files.length === 0) return 0
  const queue = new PQueue({ concurrency: FILES_AT_ONCE })
  const options = { message: 'files of RUNLET_DIR', signal: run.signal }
  await run.commit(tx => {
    for (const { path, file } of files) tx.put(path, inTurn(queue, file))
  }, options)
  return files.length
}

async function changedFiles(run: Run, files: readonly FoundFile[]): Promise<FoundFile[]> {
  const queue = new PQueue({ concurrency: FILES_AT_ONCE })
  try {
    const verdicts = await Promise.all(files.map(found => queue.add(() => isChanged(run, found))))
    return files.filter((_, i) => verdicts[i])
  } finally {
    queue.clear()
  }
}

async function isChanged(run: Run, { path, file }: FoundFile): Promise<boolean> {
  const known = await run.stat(path)
  if (!known) return true
  return withFile(file, async handle => {
    if ((await handle.stat()).size !== known.size) return true
    const hash = createHash('sha256')
    for await (const chunk of chunksOf(handle)) hash.update(chunk)
    return hash.digest('hex') !== known.sha256
  })
}

/** The chunks of a file, which is opened and read when a place in the queue is free. */
async function* inTurn(queue: PQueue, file: string): AsyncGenerator<Uint8Array> {
  let leave = () => {}
  const left = new Promise<void>(resolve => {
    leave = resolve
  })
  await new Promise<void>(enter => {
    void queue.add(() => {
      enter()
      return left
    })
  })
  try {
    const handle = await openFile(file)
    try {
      yield* chunksOf(handle)
    } finally {
      await handle.close()
    }
  } finally {
    leave()
  }
}

const chunksOf = (handle: FileHandle): AsyncIterable<Uint8Array> => handle.createReadStream({ autoClose: false })

async function withFile<T>(file: string, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await openFile(file)
  try {
    return await work(handle)
  } finally {
    await handle.close()
  }
}

/** Opens the file itself: not what a link leads to, should it have become one since the scan. */
async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (cause) {
    throw FileError.cannot('be read', file, cause)
  }
}
