// What the scale benchmark measures, by name, so that a thread can be told which.
import type { Base } from './base.ts'
import { measureDay } from './day.ts'
import { measureFoldsAtOnce } from './folds-at-once.ts'
import { measureWriters } from './writers.ts'

const SCENARIOS = { folds: measureFoldsAtOnce, writers: measureWriters, day: measureDay }

export type ScenarioName = keyof typeof SCENARIOS

export interface Scenario<Name extends ScenarioName> {
  readonly given: Parameters<(typeof SCENARIOS)[Name]>[1]
  readonly result: Awaited<ReturnType<(typeof SCENARIOS)[Name]>>
}

export function measureScenario(name: ScenarioName, base: Base, given: unknown): Promise<unknown> {
  const measure = SCENARIOS[name] as (base: Base, given: unknown) => Promise<unknown>
  return measure(base, given)
}
