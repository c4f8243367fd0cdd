// `runlet rm PATH...`: removes paths in one commit. A path that does not exist is most likely mistyped, so nothing is removed then.
import PQueue from 'p-queue'
import { parsePath } from '../names.ts'
import type { Namespace } from '../runlet.ts'
import type { Verb } from './context.ts'
import { PathNotFoundError } from './errors.ts'
import { atNamespace } from './place.ts'
import { during } from './progress.ts'

interface RmOptions {
  readonly force?: true
  readonly message?: string
}

const LOOKS_AT_ONCE = 16

export const verb: Verb<RmOptions, [paths: string[]]> = async ({ shared, output }, { force, message }, given) => {
  const paths = [...new Set(given.map(parsePath))]
  return atNamespace(shared, async ({ namespace }) => {
    const missing = await during(output, 'looking for the paths', missingOf(namespace, paths))
    if (missing.size > 0 && !force) throw new PathNotFoundError(namespace.name, [...missing])
    const removed = paths.filter(path => !missing.has(path))
    const commit = removed.length > 0 && (await during(output, 'removing', removeAll(namespace, removed, { message })))
    const about = { namespace: namespace.name, removed, ...(commit && { seq: commit.seq, id: commit.id }) }
    if (output.json) await output.document(about)
    else output.progress(`removed ${removed.length} of ${paths.length} paths`)
    return undefined
  })
}

const removeAll = (namespace: Namespace, paths: readonly string[], options: Parameters<Namespace['commit']>[1]) =>
  namespace.commit(tx => {
    for (const path of paths) tx.delete(path)
  }, options)

async function missingOf(namespace: Namespace, paths: readonly string[]): Promise<Set<string>> {
  const queue = new PQueue({ concurrency: LOOKS_AT_ONCE })
  const missing = new Set<string>()
  const look = async (path: string) => {
    if (!(await namespace.stat(path))) missing.add(path)
  }
  await Promise.all(paths.map(path => queue.add(() => look(path))))
  return new Set(paths.filter(path => missing.has(path)))
}
