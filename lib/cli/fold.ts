// `runlet fold ID`: folds a run whose owner is gone into its parent. A fold that is refused leaves the run to the next one.
import { parseConflictOption } from './conflict-option.ts'
import type { Verb } from './context.ts'
import { atNamespace } from './place.ts'
import { during } from './progress.ts'
import { foldMessage } from './run/messages.ts'
import { runIdOf } from './run-id.ts'

interface FoldOptions {
  readonly message?: string
  readonly onConflict?: string[]
}

export const verb: Verb<FoldOptions, [id: string]> = async ({ shared, output }, { message, ...options }, id) => {
  const onConflict = parseConflictOption(options.onConflict)
  return atNamespace(shared, async ({ namespace }) => {
    const resuming = namespace.resume(runIdOf(namespace.name, id), { label: 'runlet fold' })
    const run = await during(output, `taking ${id} over`, resuming)
    const again = run.token === 0
    try {
      const options = { onConflict, ...(message !== undefined && { message }) }
      const result = await during(output, `folding ${run.name}`, run.fold(options))
      const told = again ? `${run.name} was folded already, seq ${result.seq}` : foldMessage(run, result)
      await output.result({ run: run.name, id: run.id, parent: namespace.name, again, ...result }, told)
      return undefined
    } catch (error) {
      await run.release()
      throw error
    }
  })
}
