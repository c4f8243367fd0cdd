// Work on many things, so many at a time. No queue: a directory has hundreds of thousands of files, and what each of them costs
// beside its own system calls adds up.

/** Runs `work` on every item, at most `limit` at once, in order of beginning. The first failure ends it, once all that began has ended. */
export async function concurrently<T>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  work: (item: T, position: number) => Promise<void>,
): Promise<void> {
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
  let position = 0
  let failed = false
  const worker = async (): Promise<void> => {
    try {
      while (!failed) {
        const taken = source.next()
        const next = taken instanceof Promise ? await taken : taken
        if (next.done || failed) return
        await work(next.value, position++)
      }
    } catch (error) {
      failed = true
      throw error
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: limit }, worker))
  const failure = ended.find(one => one.status === 'rejected')
  if (failure) {
    await source.return?.()
    throw failure.reason
  }
}
