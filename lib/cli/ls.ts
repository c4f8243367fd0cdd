// `runlet ls [PREFIX]`: the paths that start with a prefix, in order, written as they are found.
import type { Entry } from '../namespace/namespace.ts'
import type { Verb } from './context.ts'
import { atNamespace } from './place.ts'
import { progressLine } from './progress.ts'

interface LsOptions {
  readonly long?: true
}

export const verb: Verb<LsOptions, [prefix?: string]> = async ({ shared, output }, { long }, prefix = '') =>
  atNamespace(shared, async ({ namespace }) => {
    let done = 0
    for await (const entry of namespace.list(prefix)) {
      if (output.json) await output.document(entry)
      else await output.line(long ? longLine(entry) : entry.path)
      if (output.closed) break
      if (!process.stdout.isTTY) output.move(progressLine('ls', { done: ++done, unit: 'paths' }))
    }
    return undefined
  })

const longLine = ({ path, size, seq, modifiedAt }: Entry): string =>
  [String(size).padStart(12), modifiedAt.toISOString().slice(0, 19).concat('Z'), `#${seq}`.padStart(7), path].join('  ')
