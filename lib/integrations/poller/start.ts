// One start of a poller, whoever asked for it: `runlet run --singleton NAME …` in a process group of its own, its output in the log,
// its end in the tally. It may be killed at any point: the group ends with it (group.ts), the lock and the run are left to expire and
// to the sweep, and the next start counts it.
import { once } from 'node:events'
import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import { systemAmbient } from '../../ambient.ts'
import { type Environment, fullEnvironment } from './environment.ts'
import { PollerFileError } from './errors.ts'
import { GRACE_MS, type Group, startGroup } from './group.ts'
import { Log, linesOf, logFolder } from './log.ts'
import type { Places } from './places.ts'
import { findPoller, type Poller, runArguments, shownCommand } from './poller.ts'
import { delayOf } from './spread.ts'
import { type AtWork, type Ended, type Outcome, TallyKeeper } from './tally.ts'

/** `runlet run` ends a command that is over its time, and settles its run: only should it hang in that itself is it ended too. */
const SETTLING_MS = 5 * 60_000
/** Less, for the scheduler waits too. */
const SETTLING_WHEN_ASKED_MS = 20_000

/** What `runlet run` exits with; its meaning for scripts is stable. */
const TRY_LATER = 75
const TIMED_OUT = 124
/** As shells have it, and `runlet run`. */
const NOT_STARTED = 126

interface StartOptions {
  /** Asked for by the scheduler: at its time, which is to be spread. */
  readonly scheduled: boolean
  readonly here: Environment
  /** Ends it when it aborts; the reason is the name of a signal. */
  readonly signal: AbortSignal
  /** Output as it comes. */
  readonly show?: (stream: 'stdout' | 'stderr', chunk: Buffer) => Promise<void>
}

/** Resolves when all that it started has ended. @throws PollerFileError when its log could not be written */
export async function start(poller: Poller, places: Places, options: StartOptions): Promise<Ended> {
  const { scheduled, signal } = options
  // systemd spreads the starts by itself.
  if (scheduled && places.platform === 'darwin') await spread(poller, signal)
  const log = new Log(logFolder(places, poller.name))
  const tally = new TallyKeeper(places, poller.name)
  const { id, killed } = await tally.begin(process.pid)
  const startedAt = systemAmbient.monotonic()
  await log.add(killed.map(killedLine))
  await log.add([`-- ${scheduled ? 'started' : 'started by hand'}: ${shownCommand(poller.command)}`])
  const { exitCode, isSkipped } = await runToItsEnd(poller, log, options)
  const tookMs = systemAmbient.monotonic() - startedAt
  const missed = scheduled && !isSkipped ? missedIn(tookMs, poller, places) : 0
  const ended: Ended = { outcome: isSkipped ? undefined : outcomeOf(exitCode, signal), exitCode, missed }
  const killedMeanwhile = await tally.end(id, ended)
  await log.add([...killedMeanwhile.map(killedLine), ...endLines(ended, tookMs)])
  const isInstalled = await findPoller(places, poller.name)
  if (log.problem && isInstalled)
    throw new PollerFileError('write the log in', logFolder(places, poller.name), log.problem)
  return ended
}

/** Of the starts that came due meanwhile systemd makes up for one as soon as this one has ended; launchd for none. Pure. */
export function missedIn(
  tookMs: number,
  { everyMs }: Pick<Poller, 'everyMs'>,
  { platform }: Pick<Places, 'platform'>,
): number {
  const due = Math.floor(tookMs / everyMs)
  return platform === 'darwin' ? due : Math.max(0, due - 1)
}

async function spread(poller: Poller, signal: AbortSignal): Promise<void> {
  await systemAmbient.sleep(delayOf(poller, systemAmbient.random()), { signal })
}

interface Run {
  readonly exitCode: number
  readonly isSkipped: boolean
}

async function runToItsEnd(poller: Poller, log: Log, options: StartOptions): Promise<Run> {
  const { node, main, folder, environment } = poller
  const env = fullEnvironment(environment, options.here)
  const group = startGroup([node, main, ...runArguments(poller)], { cwd: folder, env })
  const output = read(group, log, options.show)
  const over = new AbortController()
  supervise(group, poller, options.signal, over.signal)
  let exitCode: number
  try {
    const [code, name] = (await once(group.leader, 'exit')) as [number | null, NodeJS.Signals | null]
    exitCode = code ?? 128 + constants.signals[name ?? 'SIGKILL']
  } catch (error) {
    await log.add([`could not be started in ${folder}: ${(error as Error).message}`])
    exitCode = NOT_STARTED
  }
  over.abort()
  group.end()
  await output.toItsEnd()
  return { exitCode, isSkipped: isSkip(exitCode, output.lastMessage()) }
}

/**
 * That another one holds the lock is the last that `runlet run` has said then; Node may have warned of something before. What a command
 * says is never the last: what became of its run follows.
 */
const isSkip = (exitCode: number, message: string): boolean =>
  exitCode === TRY_LATER && message.endsWith('[ERR_RUNLET_SINGLETON_TAKEN]')

/** Reads what the group says, as fast as log and reader take it. */
function read(
  { output: [stdout, stderr] }: Group,
  log: Log,
  show: StartOptions['show'],
): { lastMessage: () => string; toItsEnd: () => Promise<void> } {
  let message = ''
  const drain = async (name: 'stdout' | 'stderr', stream: Readable): Promise<void> => {
    for await (const lines of linesOf(shown(name, stream))) {
      if (name === 'stderr') message = lines.at(-1) ?? message
      await log.add(lines)
    }
  }
  async function* shown(name: 'stdout' | 'stderr', stream: Readable): AsyncGenerator<Buffer> {
    for await (const chunk of stream) {
      await show?.(name, chunk)
      yield chunk
    }
  }
  const all = Promise.all([drain('stdout', stdout), drain('stderr', stderr)])
  const toItsEnd = async (): Promise<void> => {
    const inTime = new AbortController()
    // Who has left the group may hold it open for ever.
    const cut = systemAmbient.sleep(GRACE_MS + 2000, { signal: inTime.signal }).then(
      () => [stdout, stderr].forEach(stream => void stream.destroy()),
      () => undefined,
    )
    await all.catch(() => undefined)
    inTime.abort()
    await cut
  }
  return { lastMessage: () => message, toItsEnd }
}

/**
 * Hands the signal that is to end this start to all of the group: once, for a second one ends this process, and the group with it.
 * And ends what `runlet run` should have ended long before.
 */
function supervise(group: Group, { timeoutMs }: Poller, signal: AbortSignal, over: AbortSignal): void {
  const endAfter = (ms: number): void => {
    const ending = systemAmbient.sleep(ms, { signal: over }).then(() => group.end())
    ending.catch(() => undefined) // it has ended by itself
  }
  const stop = (): void => {
    group.signal(signal.reason === 'SIGINT' ? 'SIGINT' : 'SIGTERM')
    endAfter(SETTLING_WHEN_ASKED_MS)
  }
  if (timeoutMs !== undefined) endAfter(timeoutMs + SETTLING_MS)
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { signal: over })
}

function outcomeOf(exitCode: number, signal: AbortSignal): Outcome {
  if (exitCode === 0) return 'ok'
  if (signal.aborted) return 'stopped'
  return exitCode === TIMED_OUT ? 'timeout' : 'failed'
}

/** It could not say so itself. */
const killedLine = ({ pid, startedAt }: AtWork): string =>
  `-- killed: what was started at ${new Date(startedAt).toISOString()} (pid ${pid})`

function endLines({ outcome, exitCode, missed }: Ended, tookMs: number): string[] {
  const took = `${(tookMs / 1000).toFixed(1)} s`
  const told = outcome === undefined ? 'skipped: another one is at work' : `${outcome} (exit ${exitCode}) after ${took}`
  const more = missed > 0 ? [`-- skipped ${missed} that came due meanwhile`] : []
  return [`-- ${told}`, ...more]
}
