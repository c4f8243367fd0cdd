// `runlet push [PATH...]`: commits what a directory changed, in one commit: what a scan finds, or only what lies at the named paths.
import type { Verb } from './context.ts'
import { atCopy, type CopyOptions, pathIn } from './copy-place.ts'
import { progressLine } from './progress.ts'

interface PushOptions extends CopyOptions {
  readonly message?: string
}

export const verb: Verb<PushOptions, [paths: string[]]> = async ({ shared, output }, options, paths) =>
  atCopy(shared, options, async copy => {
    for (const path of paths) copy.markDirty(pathIn(copy, options, path))
    const pushed = await copy.push({
      message: options.message,
      onProgress: (step, done, total) => output.move(progressLine(step, { done, total, unit: 'files' })),
    })
    const told =
      pushed.seq === undefined ? 'nothing to push' : `#${pushed.seq}: ${pushed.put} put, ${pushed.deleted} deleted`
    await output.result(pushed, told)
    return undefined
  })
