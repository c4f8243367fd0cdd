// Leaving out at import what rules of retention would delete afterwards: superseded versions need not come at all.

import { parseRetention, type RetentionRule, type Rule } from '../../../run/retention/rules.ts'
import { locator } from '../../../run/retention/survey.ts'
import { KeyedUnits, type Units } from '../../../run/retention/units.ts'
import type { Inventory } from './inventory.ts'

/** Takes out of the inventory what the rules of `namespace` would delete. Resolves to how many files that are. */
export function leaveOutSuperseded(
  inventory: Inventory,
  given: readonly RetentionRule[],
  { namespace, now }: { namespace: string; now: number },
): number {
  const rules = parseRetention(given).filter(rule => (rule.namespace ?? namespace) === namespace)
  const protectors = rules.filter(rule => rule.isKeepAll)
  const going = new Set<string>()
  for (const rule of rules) if (!rule.isKeepAll) collect(inventory, rule, { protectors, now, going })
  for (const path of going) inventory.leaveOut(path)
  return going.size
}

/** All rules judge the same, so what one takes out stands until the last has looked. */
function collect(
  inventory: Inventory,
  rule: Rule,
  { protectors, now, going }: { protectors: readonly Rule[]; now: number; going: Set<string> },
): void {
  const locate = locator(rule, protectors)
  const units: Units = new KeyedUnits()
  const located = function* () {
    for (const { path, at, size } of inventory.files()) {
      const place = locate(path)
      if (typeof place === 'object') yield { path, at, size, place }
    }
  }
  for (const { at, size, place } of located()) {
    const { unit: key, group, number } = place
    units.meet({ key, group, number, at, bytes: size })
  }
  if (!units.decide(rule, now)) return
  for (const { path, place } of located()) if (units.get(place.unit)?.goes) going.add(path)
}
