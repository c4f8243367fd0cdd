// One frame of `runlet top`, as lines: who works, who holds, who waits and for how long, in as many rows and columns as there are. Pure.
import type { LockInfo } from '../../lease/list-locks.ts'
import { describeHolder } from '../../lease/record.ts'
import type { QueuedChange, RunGlance, Sight } from '../../run/watch/sight.ts'
import { formatAge, formatSpan } from '../durations.ts'
import { stateOf } from '../locks.ts'
import { ownerOf, standingOf } from '../standing.ts'
import { clipped, printable, type TableOptions, tableLines } from '../table.ts'
import type { Rates } from './rates.ts'

export interface FrameOptions {
  readonly columns: number
  readonly rows: number
  readonly everyMs: number
  readonly rates: Rates | undefined
  /** Why the last look failed; the sight is the one before then. */
  readonly problem?: string | undefined
  readonly bold: (text: string) => string
}

const AGES: readonly (readonly [name: string, ms: number])[] = [
  ['< 1m', 60_000],
  ['< 10m', 600_000],
  ['< 1h', 3_600_000],
  ['< 1d', 86_400_000],
  ['more', Number.POSITIVE_INFINITY],
]

export function frameOf(sight: Sight, options: FrameOptions): string[] {
  const { columns, rows, bold } = options
  const head = headOf(sight, options).map(line => clipped(line, columns))
  const left = Math.max(0, rows - head.length)
  const tables = [lockTable(sight), queueTable(sight), runTable(sight)] as const
  const [forLocks = 0, forQueue = 0] = shared(left, tables.map(rowsOf))
  const locks = part(tables[0], { columns, rows: forLocks, bold })
  const queue = part(tables[1], { columns, rows: forQueue, bold })
  const runs = part(tables[2], { columns, rows: left - locks.length - queue.length, bold })
  const [title = '', ...rest] = head
  return [bold(title), ...rest, ...locks, ...queue, ...runs].slice(0, rows)
}

/** The same in one line, for what is no terminal. */
export function lineOf(sight: Sight, rates: Rates | undefined): string {
  const { namespace, seq, at, queue, locks } = sight
  const held = locks.filter(({ holder }) => holder)
  const holders = held.map(
    ({ name, holder, acquiredAt }) => `${name}: ${holder?.label} for ${formatAge(acquiredAt, at)}`,
  )
  const unreadable = locks.flatMap(({ name, problem }) => (problem === undefined ? [] : [name]))
  const waits = queue[0] ? `, longest ${formatAge(new Date(queue[0].since), at)}` : ''
  const parts = [
    `${new Date(at).toISOString().slice(0, 19)}Z`,
    `${namespace} #${seq}`,
    rates ? `commits ${perSecond(rates.commits)}, folds ${perSecond(rates.folds)}` : 'commits -, folds -',
    `runs ${runsByState(sight)}`,
    `queue ${queue.length}${waits}`,
    `held ${holders.length > 0 ? holders.join(', ') : 'nothing'}`,
    ...(unreadable.length > 0 ? [`unreadable ${unreadable.join(', ')}`] : []),
  ]
  return printable(parts.join('  '))
}

function headOf(sight: Sight, { everyMs, rates, problem }: FrameOptions): string[] {
  const { namespace, seq, at, queue, requests } = sight
  const time = new Date(at).toTimeString().slice(0, 8)
  const speed = rates
    ? `commits ${perSecond(rates.commits)}  folds ${perSecond(rates.folds)}  ${rates.bars}`
    : 'commits -  folds -'
  const ages = countedBy(sight.runs, run => AGES.find(([, ms]) => at - run.startedAt < ms)?.[0] ?? 'more')
  const inOrder = AGES.flatMap(([name]) => (ages.has(name) ? [`${name} ${ages.get(name)}`] : []))
  return [
    `runlet top  ${namespace} #${seq}  ${time}  every ${formatSpan(everyMs)}, ${requests} requests  q quits`,
    ...(problem === undefined ? [] : [printable(`cannot look, and will try again: ${problem}`)]),
    `${speed}  queue ${queue.length}`,
    `runs ${runsByState(sight)}${inOrder.length > 0 ? `  age ${inOrder.join(', ')}` : ''}`,
  ]
}

const perSecond = (rate: number): string => `${rate === 0 || rate >= 10 ? Math.round(rate) : rate.toFixed(1)}/s`

function runsByState({ runs }: Sight): string {
  const states = countedBy(runs, standingOf)
  const told = [...states].map(([state, count]) => `${count} ${state === '…' ? 'not looked at yet' : state}`)
  return runs.length === 0 ? '0' : `${runs.length}: ${told.join(', ')}`
}

function countedBy<Key>(runs: readonly RunGlance[], key: (run: RunGlance) => Key): Map<Key, number> {
  const counts = new Map<Key, number>()
  for (const run of runs) counts.set(key(run), (counts.get(key(run)) ?? 0) + 1)
  return counts
}

interface Table {
  readonly headings: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly narrow: Pick<TableOptions, 'cut' | 'spare'>
}

/** With a blank line and the headings. */
const rowsOf = ({ rows }: Table): number => (rows.length === 0 ? 0 : rows.length + 2)

/** Each has its part of the room, or less where it needs less; what that leaves is for the others. */
function shared(room: number, needs: readonly number[]): number[] {
  const parts = needs.map(() => 0)
  let [left, waiting] = [room, needs.length]
  for (const [at, need] of [...needs.entries()].sort(([, a], [, b]) => a - b)) {
    const part = Math.min(need, Math.floor(left / waiting))
    parts[at] = part
    left -= part
    waiting -= 1
  }
  return parts
}

/** A blank line, the headings, and as many rows as fit; nothing where there is nothing to show. */
function part(
  { headings, rows: all, narrow }: Table,
  { columns, rows, bold }: { columns: number; rows: number; bold: (text: string) => string },
): string[] {
  const room = rows - 2
  if (all.length === 0 || room < Math.min(2, all.length)) return []
  const shown = all.length > room ? all.slice(0, Math.max(0, room - 1)) : all
  const [title = '', ...lines] = tableLines(headings, shown, { width: columns, ...narrow })
  const more = all.length > shown.length ? [clipped(`… and ${all.length - shown.length} more`, columns)] : []
  return ['', bold(title), ...lines, ...more]
}

const urgency = ({ holder, problem }: LockInfo): number => (holder ? 2 : problem === undefined ? 0 : 1)

/** Those that are held first, then those that cannot be read. */
function lockTable({ locks, at }: Sight): Table {
  const rows = locks
    .toSorted((a, b) => urgency(b) - urgency(a))
    .map(lock => {
      const { name, holder, acquiredAt, waitedMs, last, problem } = lock
      if (problem !== undefined) return [name, stateOf(lock), '-', '-', problem]
      const held = holder ? formatAge(acquiredAt, at) : last ? `was ${formatSpan(last.heldMs)}` : '-'
      const waited = formatSpan(holder ? waitedMs : (last?.waitedMs ?? 0))
      return [name, stateOf(lock), held, waited, holder ? describeHolder(holder) : (last?.label ?? '-')]
    })
  return { headings: ['LOCK', 'STATE', 'HELD', 'WAITED', 'HOLDER'], rows, narrow: { cut: ['LOCK', 'HOLDER'] } }
}

function queueTable({ queue, at }: Sight): Table {
  const what = ({ run, author }: QueuedChange) =>
    run === undefined ? (author === undefined ? '…' : 'commit') : `fold of ${run}`
  const rows = queue.map(change => [formatAge(new Date(change.since), at), what(change), change.author ?? '…'])
  return { headings: ['WAITS', 'IN THE QUEUE', 'FROM'], rows, narrow: { cut: ['IN THE QUEUE', 'FROM'] } }
}

function runTable({ runs, at }: Sight): Table {
  const narrow = { cut: ['RUN', 'OWNER', 'LABEL'], spare: ['COMMITS', 'LABEL'] }
  const rows = runs.map(run => {
    const { id, startedAt, commits, label } = run
    return [id, standingOf(run), formatAge(new Date(startedAt), at), String(commits), ownerOf(run), label]
  })
  return { headings: ['RUN', 'STATE', 'AGE', 'COMMITS', 'OWNER', 'LABEL'], rows, narrow }
}
