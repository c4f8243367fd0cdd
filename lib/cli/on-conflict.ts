// The option for conflict policies, as the verbs that fold or write declare it; conflict-option.ts reads what was given.

/** Of an option that may be given several times. */
export const collect = (value: string, all: string[] = []): string[] => [...all, value]

export const ON_CONFLICT = [
  '--on-conflict <policy>',
  'POLICY or GLOB=POLICY, repeatable: error, ours, theirs, union-lines, json-merge, keep-both',
  collect,
] as const
