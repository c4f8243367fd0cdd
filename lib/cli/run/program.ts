// Runs the program: with this process's own input, output and terminal, until it ends or is ended. It knows nothing of runs.

import { systemAmbient } from '../../ambient.ts'
import { execa, type Options } from '../../vendor/execa.ts'
import { ProgramNotStartedError } from '../errors.ts'
import { TIMED_OUT } from '../failure.ts'
import { Relay } from './relay.ts'
import { exitCodeOfSignal, type Signals } from './signals.ts'

/** From SIGTERM to SIGKILL, when runlet itself ends the program. */
const GRACE_MS = 5000

interface ProgramToRun {
  readonly program: string
  readonly args: readonly string[]
  /** Added to this process's own. */
  readonly environment: Readonly<Record<string, string>>
  readonly timeoutMs: number | undefined
  /** Ends the program when it aborts. */
  readonly signal: AbortSignal
}

export interface Ended {
  /** The program's own; 128 and the signal's number when it died of one; 124 when its time was up. */
  readonly exitCode: number
  /** What runlet ended it for, if it did. */
  readonly endedFor: 'timeout' | 'lost' | undefined
}

/** Resolves when the program has ended, however it did. @throws ProgramNotStartedError */
export async function runProgram(toRun: ProgramToRun, signals: Signals): Promise<Ended> {
  const { program, args, environment, timeoutMs, signal } = toRun
  const options = { stdio: 'inherit', env: environment, reject: false, forceKillAfterDelay: false } satisfies Options
  const running = execa(program, args, options)
  const ended = running.then(result => {
    if (result.exitCode === undefined && result.signal === undefined) throw new ProgramNotStartedError(program, result)
    return result.signal ? exitCodeOfSignal(result.signal) : (result.exitCode ?? 0)
  })
  const relay = new Relay(running)
  signals.relay = name => void relay.handOn(name)
  const over = new AbortController()
  try {
    const cause = await Promise.race([
      ended.then(() => undefined),
      timeUp(timeoutMs, over.signal),
      aborted(signal, over.signal),
    ])
    if (cause) await end(running, ended)
    const exitCode = await ended
    return { exitCode: cause === 'timeout' ? TIMED_OUT : exitCode, endedFor: cause }
  } finally {
    over.abort()
    signals.relay = undefined
    relay.stop()
  }
}

/** Asks the program to end, and after a while no longer asks. */
async function end(running: { kill(signal: NodeJS.Signals): boolean }, ended: Promise<unknown>): Promise<void> {
  const over = new AbortController()
  running.kill('SIGTERM')
  const stillThere = systemAmbient.sleep(GRACE_MS, { signal: over.signal }).then(() => true)
  if (await Promise.race([ended.then(() => false), stillThere.catch(() => false)])) running.kill('SIGKILL')
  over.abort()
}

async function timeUp(ms: number | undefined, over: AbortSignal): Promise<'timeout' | undefined> {
  if (ms === undefined) return new Promise(() => {})
  await systemAmbient.sleep(ms, { signal: over }).catch(() => undefined)
  return 'timeout'
}

function aborted(signal: AbortSignal, over: AbortSignal): Promise<'lost'> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve('lost')
    signal.addEventListener('abort', () => resolve('lost'), { once: true, signal: over })
  })
}
