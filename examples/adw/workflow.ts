// One workflow, driven by events: a phase starts upon the transition that the one before it wrote, whether that was written a moment
// ago or by a driver that has died since.
import { on } from 'node:events'
import type { Board } from './board.ts'
import { runCommand } from './command.ts'
import { Ledger } from './ledger.ts'
import { passes, promptFor } from './phases.ts'
import type { Place } from './place.ts'
import { lastCommit, type Phase, phaseUpon, type Transition } from './state.ts'
import type { Waits } from './waits.ts'
import { commitAll, openWorktree, restore } from './worktree.ts'

export interface Settings {
  readonly repository: string
  /** What its branches are marked with: the namespace, by its store's URL and its name. */
  readonly mark: string
  /** The commit that new workflows begin with. */
  readonly base: string
  /** The agent, and the command of the test phase. */
  readonly agent: readonly string[]
  readonly test: readonly string[]
}

export interface Task {
  readonly id: string
  readonly task: string
}

/** Of one driver; after that a person should look. */
const MOST_FAILURES = 3

/** The workflow did not get through. Its state is in the namespace, and its worktree stays to be looked at. */
export class WorkflowFailedError extends Error {}

/** Does what is left to do of a workflow. */
export async function carryOn(
  place: Place,
  { id, task }: Task,
  about: { settings: Settings; board: Board; waits: Waits },
) {
  const { settings, board, waits } = about
  const ledger = await Ledger.open(place, waits, { format: 1, id, task, base: settings.base, transitions: [] })
  board.begin(id, ledger.state.transitions)
  ledger.events.on('transition', transition => board.show(id, transition))
  try {
    await work(ledger, place, settings)
  } catch (error) {
    place.signal.throwIfAborted() // then the reason says more
    throw error
  }
}

async function work(ledger: Ledger, place: Place, settings: Settings): Promise<void> {
  const { id } = ledger.state
  const checkout = { id, token: place.token, commit: lastCommit(ledger.state), mark: settings.mark }
  let failures = 0
  let folder: string | undefined
  for await (const phase of phasesDue(ledger, place.signal)) {
    await ledger.record(phase, 'started')
    folder ??= await openWorktree(settings.repository, checkout)
    if ((await carryOut(phase, { ledger, place, settings, folder })) === 'finished') continue
    failures += 1
    if (failures === MOST_FAILURES) throw new WorkflowFailedError(`${id}: ${phase} failed. Its worktree: ${folder}`)
  }
}

/** The phase that the last event in the namespace calls for, and then one upon each event that ends a phase. */
async function* phasesDue(ledger: Ledger, signal: AbortSignal): AsyncGenerator<Phase> {
  const events = on(ledger.events, 'transition', { signal })
  const first = phaseUpon(ledger.state.transitions.at(-1))
  if (!first) return
  yield first
  for await (const [event] of events) {
    const transition: Transition = event
    if (transition.became === 'started') continue
    const phase = phaseUpon(transition)
    if (!phase) return
    yield phase
  }
}

/** One attempt at a phase: its command runs in the worktree, and what it leaves there is committed before its end is written. */
async function carryOut(
  phase: Phase,
  { ledger, place, settings, folder }: { ledger: Ledger; place: Place; settings: Settings; folder: string },
): Promise<'finished' | 'failed'> {
  const { id, task, base } = ledger.state
  const prompt = await promptFor(phase, ledger)
  const command = phase === 'test' ? settings.test : settings.agent
  const call = { phase, command: [...command], prompt, startedAt: new Date().toISOString() }
  await ledger.called(call)
  const environment = { ...place.environment, ADW_ID: id, ADW_PHASE: phase, ADW_BASE: base }
  const ended = await runCommand(command, { folder, prompt, environment, signal: place.signal })
  await ledger.called({ ...call, ended })
  const became = passes(phase, ended) ? 'finished' : 'failed'
  const changes = phase === 'build' || phase === 'document'
  if (changes && became === 'finished') await ledger.record(phase, became, await commitAll(folder, `${phase}: ${task}`))
  else {
    await restore(folder, lastCommit(ledger.state))
    await ledger.record(phase, became)
  }
  return became
}
