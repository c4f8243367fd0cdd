// What a process can do next, and how often it does.
import type { Namespace } from '../../lib/runlet.ts'
import type { Actor, Step } from './actor.ts'
import { asleep } from './programs/asleep.ts'
import { dwell } from './programs/dwell.ts'
import { locked } from './programs/locks.ts'
import { look, lookAtGroup, readAll, readLog } from './programs/readers.ts'
import { run, takeUp } from './programs/runs.ts'
import { compact, sweep } from './programs/upkeep.ts'
import { burst, count, edit, group, puts, several, toggle } from './programs/writes.ts'
import type { Random } from './random.ts'

type Program = (actor: Actor, namespace: Namespace) => Promise<void>

const PROGRAMS = {
  puts,
  burst,
  group,
  count,
  toggle,
  edit,
  several,
  locked,
  run,
  dwell,
  asleep,
  takeUp,
  look,
  lookAtGroup,
  readAll,
  readLog,
  compact,
  sweep,
} as const satisfies Record<string, Program>

const WEIGHTS: Readonly<Record<keyof typeof PROGRAMS, number>> = {
  puts: 4,
  burst: 1,
  group: 3,
  count: 3,
  toggle: 2,
  edit: 2,
  several: 2,
  locked: 3,
  run: 10,
  dwell: 1,
  asleep: 1.5,
  takeUp: 2,
  look: 1,
  lookAtGroup: 1,
  readAll: 0.5,
  readLog: 0.5,
  compact: 1.5,
  sweep: 1.5,
}

/** A step on the root namespace. */
export function chooseStep(random: Random): { name: string; step: Step } {
  const name = random.weighted(WEIGHTS)
  return { name, step: actor => PROGRAMS[name](actor, actor.root) }
}
