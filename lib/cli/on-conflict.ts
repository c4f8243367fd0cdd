// The option for conflict policies, as the verbs that fold or write declare it; conflict-option.ts reads what was given.
import type { NamedPolicy } from '../namespace/policy.ts'

/** Of an option that may be given several times. */
export const collect = (value: string, all: string[] = []): string[] => [...all, value]

/** Those of the library, which is not loaded to show the help. */
export const POLICIES = [
  'error',
  'ours',
  'theirs',
  'union-lines',
  'json-merge',
  'keep-both',
] as const satisfies readonly NamedPolicy[]

export const ON_CONFLICT = [
  '--on-conflict <policy>',
  `POLICY or GLOB=POLICY, repeatable: ${POLICIES.join(', ')}`,
  collect,
] as const
