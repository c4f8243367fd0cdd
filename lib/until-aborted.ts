// A source of chunks that can be given up, though it may say nothing for long.

/** The source until it ends, or the signal aborts: then it throws the signal's reason. */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const chunks = source[Symbol.asyncIterator]()
  let abort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason)
  })
  aborted.catch(() => undefined)
  signal.addEventListener('abort', abort, { once: true })
  try {
    for (;;) {
      signal.throwIfAborted()
      const chunk = await Promise.race([chunks.next(), aborted])
      if (chunk.done) return
      yield chunk.value
    }
  } finally {
    signal.removeEventListener('abort', abort)
    // Not waited for: a source that says nothing does not hear this either.
    chunks.return?.()?.catch(() => undefined)
  }
}
