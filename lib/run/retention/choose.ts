// Which units go: the decision of a rule on what stands together in one scope. Pure, on plain data.
import type { Rule } from './rules.ts'

/** Files that stay or go together. */
export interface Unit {
  /** What it has in common with the units that it is compared with. */
  readonly group: string
  /** The number in the capture that counts, without leading zeros; undefined when the rule counts nothing. */
  readonly number: string | undefined
  /** When its newest file was written. */
  at: number
  bytes: number
}

export type Limits = Pick<Rule, 'newest' | 'maxAgeMs' | 'maxBytes'>

/** The units that go, of all those of a scope. In the order given, but for `maxBytes` oldest first. */
export function chooseUnits<U extends Unit>(units: readonly U[], limits: Limits, now: number): U[] {
  const { newest, maxAgeMs, maxBytes } = limits
  const candidates = newest ? beyondNewest(units, newest.count) : units
  if (maxAgeMs !== undefined) return candidates.filter(unit => unit.at < now - maxAgeMs)
  if (maxBytes !== undefined) return untilItFits(units, candidates, maxBytes)
  return [...candidates]
}

function beyondNewest<U extends Unit>(units: readonly U[], count: number): readonly U[] {
  const groups = new Map<string, U[]>()
  for (const unit of units) {
    const group = groups.get(unit.group)
    if (group) group.push(unit)
    else groups.set(unit.group, [unit])
  }
  return [...groups.values()].flatMap(group =>
    group.length <= count ? [] : group.sort((a, b) => compareNumbers(b.number ?? '', a.number ?? '')).slice(count),
  )
}

function untilItFits<U extends Unit>(units: readonly U[], candidates: readonly U[], maxBytes: number): U[] {
  let total = units.reduce((sum, unit) => sum + unit.bytes, 0)
  const going: U[] = []
  for (const unit of [...candidates].sort((a, b) => a.at - b.at)) {
    if (total <= maxBytes) break
    // What takes no room would be deleted in vain.
    if (unit.bytes === 0) continue
    total -= unit.bytes
    going.push(unit)
  }
  return going
}

const NUMBER = /^[0-9]+$/

/** A natural number of any length in its one form; undefined for anything else. */
export function parseNatural(text: string): string | undefined {
  return NUMBER.test(text) ? text.replace(/^0+(?=.)/, '') : undefined
}

/** Orders natural numbers as `parseNatural` gives them. */
export function compareNumbers(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  if (a === b) return 0
  return a < b ? -1 : 1
}
