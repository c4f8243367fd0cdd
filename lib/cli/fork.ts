// `runlet fork ID`: forks a run and gives its ownership up at once, so that any command may work on it, fold it or discard it.
import { parseConflictOption } from './conflict-option.ts'
import type { Verb } from './context.ts'
import { atNamespace } from './place.ts'
import { during } from './progress.ts'
import { runIdOf } from './run-id.ts'

interface ForkOptions {
  readonly label?: string
  readonly onConflict?: string[]
}

export const verb: Verb<ForkOptions, [id: string]> = async ({ shared, output }, options, id) => {
  const onConflict = parseConflictOption(options.onConflict)
  return atNamespace(shared, async ({ namespace, config }) => {
    const label = options.label ?? 'runlet fork'
    const about = { label, onConflict: onConflict ?? config.onConflict }
    const run = await during(output, 'forking', namespace.fork(runIdOf(namespace.name, id), about))
    await run.release()
    if (output.json) await output.document({ run: run.name, id: run.id, parent: namespace.name })
    else await output.line(run.name)
    return undefined
  })
}
