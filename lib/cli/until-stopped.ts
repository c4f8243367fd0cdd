// Work that a signal ends at its next step, and a second signal at once.
import { exitCodeOfSignal, type SignalName, Signals } from './run/signals.ts'

/** Resolves to the work's exit code, or to that of the signal which stopped it. `onStop` is told of the first signal. */
export async function untilStopped(
  work: (signal: AbortSignal) => Promise<number>,
  onStop?: () => void,
): Promise<number> {
  const stop = new AbortController()
  const signals = new Signals()
  let stoppedBy: SignalName | undefined
  signals.relay = name => {
    if (stoppedBy) process.exit(exitCodeOfSignal(name))
    stoppedBy = name
    onStop?.()
    stop.abort(name)
  }
  try {
    const code = await work(stop.signal)
    return stoppedBy ? exitCodeOfSignal(stoppedBy) : code
  } catch (error) {
    if (stoppedBy) return exitCodeOfSignal(stoppedBy)
    throw error
  } finally {
    signals.stop()
  }
}
