// Does the same work every so often, beside other work: for a directory whose changes are to be in the store while a program still
// runs. Rounds never overlap. One that fails is tried again when the next is due, and ends nothing: whether all is well in the end
// is decided by what the caller does after the last round.
import type { Ambient } from '../ambient.ts'
import { RunletError } from '../errors.ts'

interface Rounds {
  /** From the end of a round to the beginning of the next, in milliseconds. */
  readonly everyMs: number
  readonly ambient: Pick<Ambient, 'sleep'>
  /** Ends it. A round that is in progress is finished. */
  readonly signal: AbortSignal
  /** Told of a failed round, but not again while one after the other fails in the same way. */
  readonly onFailure?: ((error: unknown) => void) | undefined
}

/** Resolves once the signal has aborted and no round is in progress, to how many rounds succeeded. Never rejects. */
export async function keepInStep(round: () => Promise<unknown>, rounds: Rounds): Promise<number> {
  let succeeded = 0
  let told: string | undefined
  while (await isDue(rounds)) {
    try {
      await round()
      succeeded += 1
      told = undefined
    } catch (error) {
      if (told !== kindOf(error)) tell(rounds.onFailure, error)
      told = kindOf(error)
    }
  }
  return succeeded
}

/** What a listener throws is its own failure: it ends no round, nor the program that the rounds are for. */
function tell(listener: Rounds['onFailure'], error: unknown): void {
  try {
    listener?.(error)
  } catch (own) {
    process.emitWarning(own instanceof Error ? own : String(own))
  }
}

/** Waits for the next round; false when there is none. */
const isDue = ({ ambient, everyMs, signal }: Rounds): Promise<boolean> =>
  ambient.sleep(everyMs, { signal, background: true }).then(
    () => !signal.aborted,
    () => false,
  )

/** Messages name keys and ids that are others each time. */
const kindOf = (error: unknown): string =>
  error instanceof RunletError ? error.code : error instanceof Error ? error.name : typeof error
