// `--on-conflict`: either a policy for all paths, or GLOB=POLICY, any number of times. Pure.
import { InvalidArgumentError } from '../errors.ts'
import { type NamedPolicy, namedPolicySchema } from '../namespace/policy.ts'

/** As the library takes it; undefined when the option was not given. A policy without a glob counts for all other paths. */
export function parseConflictOption(given: readonly string[] | undefined): Record<string, NamedPolicy> | undefined {
  if (!given || given.length === 0) return undefined
  const rules = given.map(parseRule)
  // The first glob that matches counts, so the one for everything stands last.
  const ordered = [...rules.filter(([glob]) => glob !== '**'), ...rules.filter(([glob]) => glob === '**')]
  return Object.fromEntries(ordered)
}

function parseRule(text: string): [glob: string, policy: NamedPolicy] {
  const at = text.lastIndexOf('=')
  const glob = at === -1 ? '**' : text.slice(0, at)
  const policy = namedPolicySchema.safeParse(text.slice(at + 1))
  if (policy.success && glob !== '') return [glob, policy.data]
  throw new InvalidArgumentError(
    '--on-conflict',
    `${JSON.stringify(text)} is no conflict policy`,
    `Write POLICY or GLOB=POLICY, with one of ${namedPolicySchema.options.join(', ')}.`,
  )
}
