// `runlet status`: what a push would do, and which conflicts are open. Asks the store nothing.
import type { Verb } from './context.ts'
import { atCopy, type CopyOptions } from './copy-place.ts'
import { progressLine } from './progress.ts'

export const verb: Verb<CopyOptions, []> = async ({ shared, output }, options) =>
  atCopy(shared, options, async copy => {
    const status = await copy.status({
      onProgress: (step, done, total) => output.move(progressLine(step, { done, total, unit: 'files' })),
    })
    if (output.json) {
      await output.document(status)
      return undefined
    }
    const lines = [
      ...status.added.map(path => `A ${path}`),
      ...status.modified.map(path => `M ${path}`),
      ...status.deleted.map(path => `D ${path}`),
      ...status.conflicts.map(path => `C ${path}`),
    ]
    for (const line of lines) await output.line(line)
    if (lines.length === 0) output.progress(status.seq === undefined ? 'never pulled' : `in step with #${status.seq}`)
    return undefined
  })
