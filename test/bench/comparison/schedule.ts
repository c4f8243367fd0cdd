// A day of the reported workload as plain data: 13 pollers, each a new process every 60 to 180 seconds with one write; six workflows that
// start together and make 40 writes each; a second machine that reads and writes every ten minutes; a clean-up that removes seven
// entries. For runlet an hourly sweep besides, which today's ways do not need. Pure: when, who and how often, and not how.
import { Keystream } from '../index/data.ts'

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

const POLLERS = 13
const FASTEST = 60 * SECOND
const STEP = 10 * SECOND
const WORKFLOWS = 6
const WRITES_A_WORKFLOW = 40
const WORKFLOWS_AT = 9 * HOUR
/** What a workflow does between two writes. */
const WORK = { least: 5 * SECOND, most: 25 * SECOND }

/** Something that starts again and again. */
export interface Recurring {
  readonly firstAt: number
  readonly everyMs: number
}

/** Periods from 60 to 180 seconds in even steps; they start at different moments of their periods. */
export function pollers(): Recurring[] {
  const random = new Keystream('pollers')
  return Array.from({ length: POLLERS }, (_, i) => {
    const everyMs = FASTEST + i * STEP
    return { firstAt: random.below(everyMs), everyMs }
  })
}

export interface Workflow {
  readonly startsAt: number
  /** The work before each write, in milliseconds. */
  readonly pauses: readonly number[]
}

export function workflows(): Workflow[] {
  const random = new Keystream('workflows')
  return Array.from({ length: WORKFLOWS }, () => {
    const pause = () => WORK.least + random.below(WORK.most - WORK.least)
    return { startsAt: WORKFLOWS_AT, pauses: Array.from({ length: WRITES_A_WORKFLOW }, pause) }
  })
}

export const SECOND_MACHINE: Recurring = { firstAt: 5 * MINUTE, everyMs: 10 * MINUTE }
export const CLEAN_UP = { at: 3.5 * HOUR, entries: 7 }
export const SWEEP: Recurring = { firstAt: 30 * MINUTE, everyMs: HOUR }

/** How often it is due within the day. */
export const dueOf = ({ firstAt, everyMs }: Recurring): number => Math.ceil((DAY - firstAt) / everyMs)

/** When it starts next, not before `now`: a start that comes due while the last one still goes on is skipped. */
export function nextStart({ firstAt, everyMs }: Recurring, now: number): number | undefined {
  const at = now <= firstAt ? firstAt : firstAt + Math.ceil((now - firstAt) / everyMs) * everyMs
  return at < DAY ? at : undefined
}
