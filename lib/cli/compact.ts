// `runlet compact`: merges the layers of the namespace's index into one. Nobody is held up by it.
import type { Verb } from './context.ts'
import { atNamespace } from './place.ts'

export const verb: Verb<object, []> = async ({ shared, output }) =>
  atNamespace(shared, async ({ namespace }) => {
    const { merged } = await namespace.compact()
    const told = merged > 0 ? `merged ${merged} layers of ${namespace.name}` : `${namespace.name} was compact already`
    await output.result({ namespace: namespace.name, merged }, told)
    return undefined
  })
