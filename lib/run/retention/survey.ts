// What a rule says of the files of one view: a walk over those that it is about, scope by scope. What belongs to one scope stands
// together in path order, so memory holds the units of a scope, and of its files no more than a few thousand: when there are more, and
// some of them go, the scope is walked a second time.
import type { FileRow } from '../../namespace/row.ts'
import type { View } from '../../namespace/view.ts'
import { parseNatural } from './choose.ts'
import { matchPattern } from './pattern.ts'
import type { Rule } from './rules.ts'
import { FileUnits, KeyedUnits, type MetUnit, type Units } from './units.ts'

/** What a rule makes of a path that it is about. */
interface Place {
  /** Names its unit among all of the rule. */
  readonly unit: string
  readonly group: string
  readonly number: string | undefined
}

/** A scope that is decided. Nothing of what comes after it sorts before `start`. */
export interface Scope {
  readonly start: string
  readonly units: Pick<Units, 'get'>
}

/** A file that goes. */
export interface Doomed {
  readonly row: FileRow
  readonly unit: MetUnit
}

/** What the rule makes of a path; undefined where it has no say, `odd` where its number is none. */
export type Locate = (path: string) => Place | 'odd' | undefined

/** How a rule reads paths; `protectors`: the rules that keep all, which take from it what they match. */
export function locator(rule: Rule, protectors: readonly Rule[]): Locate {
  const { pattern, newest } = rule
  const counting = newest ? pattern.captures.indexOf(newest.by) : -1
  // One string for all units of a group: there may be hundreds of thousands.
  let last = ''
  return path => {
    const values = path.startsWith(pattern.prefix) ? matchPattern(pattern, path) : undefined
    if (!values || protectors.some(protector => matchPattern(protector.pattern, path))) return undefined
    if (!newest) return { unit: values.length > 0 ? values.join('/') : path, group: '', number: undefined }
    const number = parseNatural(values[counting] ?? '')
    if (number === undefined) return 'odd'
    const group = values.filter((_, i) => i !== counting).join('/')
    if (group !== last) last = group
    // No number has a slash: the last one parts them.
    return { unit: `${group}/${number}`, group: last, number }
  }
}

/** So many files of a scope are held, to spare the second walk. */
const MOST_HELD = 4096

export interface Survey {
  readonly view: View
  readonly rule: Rule
  readonly locate: Locate
  readonly now: number
  /** Told of files that the rule is about, but whose number is none. */
  readonly onOdd: (path: string) => void
  /** Told of each file that the rule is asked about. */
  readonly onLook: () => void
  /** Asked at every file; throws to end the walk. */
  readonly check: () => void
}

/** The files that go: each scope, and a walk over what goes of it, unit by unit where that is possible. */
export async function* survey(about: Survey): AsyncGenerator<[Scope, AsyncIterable<Doomed>]> {
  let open: OpenScope | undefined
  for await (const row of about.view.scan(about.rule.pattern.prefix)) {
    about.check()
    about.onLook()
    const place = about.locate(row.path)
    if (place === 'odd') about.onOdd(row.path)
    if (place === 'odd' || place === undefined) continue
    const start = scopeStart(about.rule, row.path)
    if (open?.start !== start) {
      if (open?.decide(about)) yield [open, open.doomed(about)]
      open = new OpenScope(start, isByPath(about.rule) ? new FileUnits() : new KeyedUnits())
    }
    open.meet(row, place)
  }
  if (open?.decide(about)) yield [open, open.doomed(about)]
}

/** Whether every file is a unit, and its path the unit's key. */
const isByPath = ({ newest, pattern }: Rule): boolean => !newest && pattern.captures.length === 0

class OpenScope implements Scope {
  readonly start: string
  readonly units: Units
  #held: FileRow[] | undefined = []

  constructor(start: string, units: Units) {
    this.start = start
    this.units = units
  }

  meet(row: FileRow, { unit: key, group, number }: Place): void {
    this.units.meet({ key, group, number, at: row.at, bytes: row.size })
    if (this.#held && this.#held.length < MOST_HELD) this.#held.push(row)
    else this.#held = undefined
  }

  /** Whether anything of it goes. */
  decide({ rule, now }: Survey): boolean {
    return this.units.decide(rule, now)
  }

  async *doomed({ view, rule, locate, check }: Survey): AsyncGenerator<Doomed> {
    if (this.#held) {
      yield* byUnit(this.#held.flatMap(row => this.#judge(row, locate) ?? []))
      return
    }
    const prefix = this.start.startsWith(rule.pattern.prefix) ? this.start : rule.pattern.prefix
    for await (const row of view.scan(prefix)) {
      check()
      const doomed = this.#judge(row, locate)
      if (doomed) yield doomed
    }
  }

  #judge(row: FileRow, locate: Locate): Doomed | undefined {
    const place = locate(row.path)
    const unit = typeof place === 'object' ? this.units.get(place.unit) : undefined
    return unit?.goes ? { row, unit } : undefined
  }
}

function* byUnit(doomed: readonly Doomed[]): Generator<Doomed> {
  const units = new Map<MetUnit, Doomed[]>()
  for (const one of doomed) {
    const unit = units.get(one.unit)
    if (unit) unit.push(one)
    else units.set(one.unit, [one])
  }
  for (const unit of units.values()) yield* unit
}

/** What the paths of a scope have in common at their beginning. */
export const scopeStart = ({ scopeDepth }: Rule, path: string): string => firstSegments(path, scopeDepth)

/** Paths of the same unit start with it; undefined when there are none but this one. */
export function unitStart({ unitDepth, pattern }: Rule, path: string): string | undefined {
  if (unitDepth === undefined) return pattern.prefix
  return unitDepth === Number.POSITIVE_INFINITY ? undefined : firstSegments(path, unitDepth)
}

function firstSegments(path: string, count: number): string {
  let end = 0
  for (let depth = 0; depth < count; depth++) {
    const slash = path.indexOf('/', end)
    if (slash === -1) return path
    end = slash + 1
  }
  return path.slice(0, end)
}
