// `runlet pull`: brings into a directory what the namespace changed. Conflicts are listed and exit with 1; `--ours` and `--theirs`
// settle them, all of them or those of the named paths.
import { InvalidArgumentError } from '../errors.ts'
import type { Verb } from './context.ts'
import { atCopy, type CopyOptions, pathIn } from './copy-place.ts'
import { DONE, FAILED } from './failure.ts'
import { progressLine } from './progress.ts'

interface PullOptions extends CopyOptions {
  readonly ours?: true
  readonly theirs?: true
}

export const verb: Verb<PullOptions, [paths: string[]]> = async ({ shared, output }, options, paths) => {
  const { ours, theirs } = options
  if (ours && theirs) throw new InvalidArgumentError('--ours', 'goes not with --theirs', 'Choose one of them.')
  if (paths.length > 0 && !ours && !theirs) {
    throw new InvalidArgumentError(
      'path',
      'is for --ours and --theirs only',
      'Leave it out: a pull brings all that changed.',
    )
  }
  return atCopy(shared, options, async copy => {
    const named = paths.length > 0 ? paths.map(path => pathIn(copy, options, path)) : undefined
    const settled = (ours || theirs) && (await copy.settle(ours ? 'ours' : 'theirs', named))
    const pulled = await copy.pull({
      onProgress: (step, done, total) => output.move(progressLine(step, { done, total, unit: 'files' })),
    })
    const written = pulled.written + (settled ? settled.written : 0)
    const removed = pulled.removed + (settled ? settled.removed : 0)
    await output.result({ ...pulled, written, removed }, `at #${pulled.seq}: ${written} written, ${removed} removed`)
    for (const path of pulled.conflicts)
      output.say(`conflict: ${path} was changed here and there (runlet pull --ours|--theirs ${path})`)
    return pulled.conflicts.length > 0 ? FAILED : DONE
  })
}
