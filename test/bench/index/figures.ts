// What was measured, as plain data: for each operation and each size its samples, the operation's targets (DESIGN.md, section 7), and
// the judgements: against the targets, and against growth from one size to another.
import type { Cost } from './messages.ts'

const KIB = 1024
/** Nothing but a listing may grow by more than this from 262,000 rows to ten million. */
export const MOST_GROWTH = 1.5

export type Measure = 'requests' | 'bytesUp' | 'bytesDown' | 'bytes' | 'peakBytes'

/** At most so much; `bytes` are those up and down. */
export type Targets = Partial<Readonly<Record<Measure, number>>>

export interface Operation {
  readonly title: string
  readonly target?: Targets
  /** `free`: it may grow. `per row`: what is judged is its cost for each row that it is about. */
  readonly growth: 'flat' | 'free' | 'per row'
}

const SMALL_WRITE = { requests: 2, bytesUp: 64 * KIB, bytesDown: 64 * KIB, peakBytes: 150_000_000 }
const PULL = { requests: 2, bytes: 128 * KIB }

export const OPERATIONS = {
  'put new small': { title: '1 KiB put, new process, small model', target: SMALL_WRITE, growth: 'flat' },
  'put new big': { title: '1 KiB put, new process, big model', target: SMALL_WRITE, growth: 'flat' },
  'put warm small': { title: '1 KiB put, warm process, small model', target: { requests: 1 }, growth: 'flat' },
  'put warm big': { title: '1 KiB put, warm process, big model', target: { requests: 1 }, growth: 'flat' },
  fork: { title: 'fork, new process', target: { requests: 4, bytesUp: 64 * KIB }, growth: 'flat' },
  fold: { title: 'fold of a 24-file run', target: { requests: 12, bytes: 256 * KIB }, growth: 'flat' },
  'pull nothing': { title: 'pull, nothing changed', target: { requests: 1, bytesDown: 0 }, growth: 'flat' },
  'pull change': { title: 'pull after a small change by somebody else', target: PULL, growth: 'flat' },
  'pull elsewhere': { title: 'pull after a small change outside its prefix', target: PULL, growth: 'flat' },
  // Told apart by what the change's process wrote; how often that happens, and on how much, is chance.
  'pull upkeep': { title: 'pull after a small change that set off a merge of layers', growth: 'free' },
  'get small': { title: 'get of one path, new process, small model', growth: 'flat' },
  'get big': { title: 'get of one path, new process, big model', growth: 'flat' },
  'list small': { title: 'list of a small model', growth: 'per row' },
  'list big': { title: 'list of the big model', growth: 'free' },
} as const satisfies Record<string, Operation>

export type OperationName = keyof typeof OPERATIONS

export interface Sample extends Cost {
  readonly peakBytes: number
  /** What arrived at the server meanwhile, printed when a target is missed. */
  readonly trace: readonly string[]
}

export interface Figure {
  readonly operation: OperationName
  /** Of the namespace. */
  readonly rows: number
  /** What the operation made and waited for itself. */
  readonly samples: readonly Sample[]
  /** Upkeep in the background, for each operation: what the server saw beyond that. */
  readonly upkeep: Cost
  /** How many rows it was about: those listed. */
  readonly about: number
}

export const amountOf = (sample: Omit<Sample, 'trace'>, measure: Measure): number =>
  measure === 'bytes' ? sample.bytesUp + sample.bytesDown : sample[measure]

export const worstOf = ({ samples }: Pick<Figure, 'samples'>, measure: Measure): Sample =>
  samples.reduce((a, b) => (amountOf(b, measure) > amountOf(a, measure) ? b : a))

export function medianOf({ samples }: Figure, measure: Measure): number {
  const values = samples.map(sample => amountOf(sample, measure)).sort((a, b) => a - b)
  return values[Math.floor((values.length - 1) / 2)] ?? 0
}

export interface Miss {
  readonly text: string
  readonly trace: readonly string[]
}

/** The targets that a figure misses, all or those given; its worst sample counts. */
export function missesOf(figure: Figure, given?: Targets): Miss[] {
  const { title, target = {} }: Operation = OPERATIONS[figure.operation]
  return Object.entries(given ?? target).flatMap(([measure, limit]) => {
    const worst = worstOf(figure, measure as Measure)
    const measured = amountOf(worst, measure as Measure)
    if (measured <= limit) return []
    const text = `${title}, ${figure.rows.toLocaleString('en-US')} rows: ${measured} ${measure}, not ${limit}`
    return [{ text, trace: worst.trace }]
  })
}

export type JudgedMeasure = 'requests' | 'bytes' | 'peakBytes'

/** How many times as much the operation costs at the larger size; undefined when that is not to be judged. */
export function growthOf(small: Figure, large: Figure, measure: JudgedMeasure): number | undefined {
  const { growth } = OPERATIONS[small.operation]
  if (growth === 'free') return undefined
  // Memory is not for each row: a listing's grows to a bound that V8 sets, and no further.
  if (growth === 'per row' && measure === 'peakBytes') return undefined
  const cost = (figure: Figure) =>
    amountOf(worstOf(figure, measure), measure) / (growth === 'per row' ? Math.max(1, figure.about) : 1)
  return cost(large) === cost(small) ? 1 : cost(large) / cost(small)
}

export function growthMisses(small: Figure, large: Figure): Miss[] {
  return (['requests', 'bytes', 'peakBytes'] as const).flatMap(measure => {
    const growth = growthOf(small, large, measure)
    if (growth === undefined || growth <= MOST_GROWTH) return []
    const { title } = OPERATIONS[small.operation]
    const text = `${title}: ${growth.toFixed(2)} times the ${measure} at ${large.rows.toLocaleString('en-US')} rows, not ${MOST_GROWTH}`
    return [{ text, trace: worstOf(large, measure).trace }]
  })
}
