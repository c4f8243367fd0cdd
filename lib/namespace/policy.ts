// Conflict policies: what happens to a path that both sides changed (G4). Chosen by glob, the first that matches; `error` when
// none does. Parsed at the border; pure.

import { InvalidArgumentError } from '../errors.ts'
import * as z from '../vendor/zod.ts'
import { type Glob, type GlobProblem, matchGlob, parseGlob } from './glob.ts'
import type { Value } from './values.ts'

export const namedPolicySchema = z.enum(['error', 'ours', 'theirs', 'union-lines', 'json-merge', 'keep-both'])

/**
 * A policy by name:
 * - `error`: a ConflictError names the path, and nothing is written;
 * - `ours`: the value that is there (the parent's) stays;
 * - `theirs`: the value that arrives (the run's, the later writer's) wins;
 * - `union-lines`: for append-only logs: the lines that are there, then the lines that the arriving side added;
 * - `json-merge`: three-way by key; a key that both changed differently is a conflict;
 * - `keep-both`: the value that is there stays, and the arriving one lands beside it, named after its writer.
 */
export type NamedPolicy = z.infer<typeof namedPolicySchema>

/**
 * A policy of your own. `base` is the value that both sides began with, `parent` the one that is there, `child` the one that
 * arrives; each undefined where the path does not exist. Resolves to the value to keep, or undefined to delete the path. It may be asked
 * again for the same path, when others commit meanwhile, and they wait for it: so it should be quick, and it must not write to the
 * namespace that it decides for (InvalidArgumentError). What it throws fails the fold, refresh or write, and nothing is written.
 */
export type PolicyFunction = (
  path: string,
  base: Uint8Array | undefined,
  parent: Uint8Array | undefined,
  child: Uint8Array | undefined,
) => Value | undefined | Promise<Value | undefined>

/** One policy for all paths, or policies by path glob (`{ 'logs/**': 'union-lines' }`), of which the first that matches counts. */
export type ConflictPolicy = NamedPolicy | PolicyFunction | { readonly [glob: string]: NamedPolicy | PolicyFunction }

/** Each is asked for each path in conflict. */
const MAX_RULES = 1000

/** A function cannot travel to another process: there, `owner` stands in its place. */
export const policyRulesSchema = z
  .array(
    z.object({
      glob: z.string().refine(isGlob, 'is no glob'),
      policy: z.union([namedPolicySchema, z.literal('owner')]),
    }),
  )
  .max(MAX_RULES)

export interface PolicyRule {
  readonly glob: string
  readonly policy: NamedPolicy | PolicyFunction | 'owner'
}

const policySchema = z.union([namedPolicySchema, z.custom<PolicyFunction>(value => typeof value === 'function')])

/** Parses what a caller or a configuration file says. */
export function parsePolicy(policy: unknown): PolicyRule[] {
  if (policy === undefined) return []
  if (!isRecord(policy)) return [parseRule('**', policy)]
  const rules = Object.entries(policy)
  if (rules.length > MAX_RULES) {
    throw new InvalidArgumentError('onConflict', `has ${rules.length} globs`, `Use at most ${MAX_RULES}.`)
  }
  return rules.map(([glob, named]) => parseRule(glob, named, ` for ${JSON.stringify(glob.slice(0, 100))}`))
}

const isRecord = (policy: unknown): policy is Record<string, unknown> =>
  typeof policy === 'object' && policy !== null && Object.getPrototypeOf(policy) === Object.prototype

function parseRule(glob: string, policy: unknown, where = ''): PolicyRule {
  const parsed = policySchema.safeParse(policy)
  const known = namedPolicySchema.options.join(', ')
  const remedy = `Use one of ${known}, a function, or an object of them by path glob.`
  if (!parsed.success) throw new InvalidArgumentError('onConflict', `is no conflict policy${where}`, remedy)
  const compiled = parseGlob(glob)
  if ('problem' in compiled)
    throw new InvalidArgumentError('onConflict', `has no glob${where} (${compiled.problem})`, remedy)
  return { glob, policy: parsed.data }
}

function isGlob(text: string): boolean {
  return !('problem' in parseGlob(text))
}

const globs = new WeakMap<PolicyRule, Glob | GlobProblem>()

/** Rules passed `parseRule` or the schema; another's glob would match nothing. */
function matches(rule: PolicyRule, path: string): boolean {
  const glob = globs.get(rule) ?? parseGlob(rule.glob)
  globs.set(rule, glob)
  return !('problem' in glob) && matchGlob(glob, path)
}

/** The policy of one path. */
export function policyFor(rules: readonly PolicyRule[], path: string): PolicyRule['policy'] {
  return rules.find(rule => matches(rule, path))?.policy ?? 'error'
}

/** The rules as another process can know them. */
export function portable(rules: readonly PolicyRule[]): z.infer<typeof policyRulesSchema> {
  return rules.map(({ glob, policy }) => ({ glob, policy: typeof policy === 'function' ? 'owner' : policy }))
}
