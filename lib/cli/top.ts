// `runlet top`: a live view of the namespace in the terminal; where that is none, a line for each look (or a document, with --json).
import { systemAmbient } from '../ambient.ts'
import { InvalidArgumentError, RunletError } from '../errors.ts'
import type { Sight } from '../run/watch/sight.ts'
import type { Watch } from '../run/watch/watch.ts'
import type { Context, Verb } from './context.ts'
import { parseDuration } from './durations.ts'
import { DONE } from './failure.ts'
import type { Output } from './output.ts'
import { atNamespace } from './place.ts'
import { frameOf, lineOf } from './top/frame.ts'
import { KEPT_LOOKS, ratesOf } from './top/rates.ts'
import { Screen } from './top/screen.ts'
import { untilStopped } from './until-stopped.ts'

interface TopOptions {
  readonly every: string
  readonly number?: string
}

interface Pace {
  readonly everyMs: number
  /** How many looks. */
  readonly most: number
  readonly signal: AbortSignal
}

const HOUR_MS = 3_600_000

export const verb: Verb<TopOptions, []> = async (context, { every, number }) => {
  const everyMs = parseDuration('--every', every, { least: 500, most: HOUR_MS })
  const most = parseCount(number)
  return atNamespace(context.shared, ({ namespace }) =>
    untilStopped(async signal => {
      const pace = { everyMs, most, signal }
      const isLive = process.stdout.isTTY === true && process.env.TERM !== 'dumb' && !context.output.json
      await (isLive ? showLive(namespace.watch(), context, pace) : tellEach(namespace.watch(), context.output, pace))
      return DONE
    }),
  )
}

function parseCount(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('--number', `${JSON.stringify(text)} is no count`, 'Give a whole number, like 10.')
}

/** What each look saw since the one before, for the rates. */
class Looks {
  readonly #since: NonNullable<Sight['since']>[] = []

  add({ since }: Sight): void {
    if (since) this.#since.push(since)
    if (this.#since.length > KEPT_LOOKS) this.#since.shift()
  }

  get rates() {
    return ratesOf(this.#since)
  }
}

async function tellEach(watch: Watch, output: Output, { everyMs, most, signal }: Pace): Promise<void> {
  const looks = new Looks()
  for (let told = 0; told < most && !signal.aborted && !output.closed; told++) {
    if (told > 0 && !(await pause(everyMs, signal))) return
    try {
      const sight = await lookUnless(watch, signal)
      if (!sight) return
      looks.add(sight)
      if (output.json) await output.document(sight)
      else await output.line(lineOf(sight, looks.rates))
    } catch (error) {
      // Later ones may go well; what never did is a mistake of who called.
      if (told === 0 || !(error instanceof RunletError)) throw error
      output.failure(error)
    }
  }
}

async function showLive(watch: Watch, { output }: Context, { everyMs, most, signal: stop }: Pace): Promise<void> {
  const looks = new Looks()
  const quit = new AbortController()
  const signal = AbortSignal.any([stop, quit.signal])
  const first = await lookUnless(watch, signal)
  if (!first) return
  let sight = first
  let problem: string | undefined
  const screen = new Screen(process.stdout, process.stdin, { onQuit: () => quit.abort(), onResize: () => draw() })
  const frame = () =>
    frameOf(sight, { ...screen.size, everyMs, rates: looks.rates, problem, bold: text => output.bold(text) })
  const draw = () => screen.draw(frame())
  screen.enter()
  try {
    for (let shown = 1; ; shown++) {
      draw()
      if (shown >= most || !(await pause(everyMs, signal))) break
      try {
        const next = await lookUnless(watch, signal)
        if (!next) break
        sight = next
        looks.add(sight)
        problem = undefined
      } catch (error) {
        if (!(error instanceof RunletError)) throw error
        problem = error.message
      }
    }
  } finally {
    screen.leave()
  }
  // Who asked for so many looks and did not stop them wants to have seen the last one.
  if (!signal.aborted) for (const line of frame()) await output.line(line)
}

/** Resolves to false when it was cut short. */
const pause = (ms: number, signal: AbortSignal): Promise<boolean> =>
  systemAmbient.sleep(ms, { signal }).then(
    () => true,
    () => false,
  )

/** Undefined when it was cut short: a store that does not answer is not waited for. */
async function lookUnless(watch: Watch, signal: AbortSignal): Promise<Sight | undefined> {
  if (signal.aborted) return undefined
  const looked = watch.look()
  looked.catch(() => undefined) // it may fail when nobody waits for it any more
  let cut = () => {}
  const stopped = new Promise<undefined>(resolve => {
    cut = () => resolve(undefined)
    signal.addEventListener('abort', cut, { once: true })
  })
  try {
    return await Promise.race([looked, stopped])
  } finally {
    signal.removeEventListener('abort', cut)
  }
}
