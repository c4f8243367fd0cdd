// Work on many things, so many at a time. No queue: a directory has hundreds of thousands of files, and what each of them costs
// beside its own system calls adds up.

/**
 * Runs `work` on every item, at most `limit` at once, in order of beginning; resolves to the results in the order of the items. The
 * first failure ends it, once all that began has ended.
 */
export async function concurrently<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
  const results: R[] = []
  const failures: unknown[] = []
  let begun = 0
  const worker = async (): Promise<void> => {
    try {
      while (failures.length === 0) {
        const taken = source.next()
        const next = taken instanceof Promise ? await taken : taken
        if (next.done || failures.length > 0) return
        const position = begun++
        results[position] = await work(next.value)
      }
    } catch (error) {
      failures.push(error)
    }
  }
  await Promise.all(Array.from({ length: limit }, worker))
  if (failures.length > 0) {
    await source.return?.()
    throw failures[0]
  }
  return results
}
