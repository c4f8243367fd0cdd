// `runlet compact`: brings the index of the namespace into its best shape. Nobody is held up by it.
import type { Verb } from './context.ts'
import { atNamespace } from './place.ts'
import { progressLine } from './progress.ts'
import { formatKibibytes } from './sizes.ts'
import { keepHeapSmall } from './small-heap.ts'

export const verb: Verb<object, []> = async ({ shared, output }) => {
  keepHeapSmall()
  return atNamespace(shared, async ({ namespace }) => {
    const result = await namespace.compact({
      onProgress: (done, rows) => output.move(progressLine('compact', { done, total: rows, unit: 'rows' })),
    })
    const { merged, requests, bytesUp } = result
    const told =
      merged > 0
        ? `merged ${merged} layers of ${namespace.name}: ${requests} requests, ${formatKibibytes(bytesUp)} written`
        : `${namespace.name} was compact already`
    await output.result({ namespace: namespace.name, ...result }, told)
    return undefined
  })
}
