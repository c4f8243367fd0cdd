// `runlet discard ID`: ends a run whose owner is gone, without folding it.
import type { Verb } from './context.ts'
import { atNamespace } from './place.ts'
import { during } from './progress.ts'
import { runIdOf } from './run-id.ts'

export const verb: Verb<object, [id: string]> = async ({ shared, output }, _options, id) =>
  atNamespace(shared, async ({ namespace }) => {
    const run = await namespace.resume(runIdOf(namespace.name, id), { label: 'runlet discard' })
    const again = run.token === 0
    try {
      await during(output, `discarding ${run.name}`, run.discard())
    } catch (error) {
      await run.release()
      throw error
    }
    const told = again ? `${run.name} was discarded already` : `discarded ${run.name}`
    await output.result({ run: run.name, id: run.id, parent: namespace.name, again }, told)
    return undefined
  })
