// Retention rules: what a configuration file or a caller says, parsed at the border (G10). A rule that is not understood whole is
// refused, for what it deletes is gone. Pure.

import { InvalidArgumentError, type RunletError } from '../../errors.ts'
import type { NamespaceName } from '../../names.ts'
import { namespaceSchema } from '../../namespace/row.ts'
import * as z from '../../vendor/zod.ts'
import { leadingSegments, type Pattern, type Problem, parsePattern, unitSegments } from './pattern.ts'
import { parseAge, parseSize } from './quantities.ts'

/**
 * Which files of a namespace are deleted in time. Files with the same captured values are one *unit*: they stay or go together;
 * where a pattern captures nothing, every file is one. A file goes when any rule says so.
 * A rule says one or more of `keep`, `maxAge` and `maxBytes`, the latter two not together:
 * - `keep` alone: all but the newest go;
 * - `maxAge` or `maxBytes` alone: what is too old, or the oldest until the rest fits;
 * - with `keep` too: the same, but never one of the newest.
 */
export interface RetentionRule {
  /**
   * Which files: `{name}` captures a segment, or a part of one; `*` is any part of a segment, `**` any number of segments.
   * Example: `data/{type}/{model}/{name}/{version}/**`.
   */
  readonly path: string
  /**
   * `newest`: of each group (the files that agree in all captures but `by`) keep so many, those with the greatest numbers in the
   * capture `by`. What is no natural number there is never deleted. `'all'`: keep what matches, whatever other rules say; they do not
   * see it.
   */
  readonly keep?: { readonly newest: number; readonly by: string } | 'all' | undefined
  /**
   * Delete what was last written longer ago than this, a unit by its newest file: `30d`, `12h`, or milliseconds, from one minute.
   * By the writers' clocks.
   */
  readonly maxAge?: string | number | undefined
  /** Delete the oldest units until all that matches in the namespace has no more than this: `10GB`, `512MiB`, or bytes. */
  readonly maxBytes?: string | number | undefined
  /** Only in this namespace. Default: in all that are no runs. */
  readonly namespace?: string | undefined
  /** To be said by a rule without `keep` that names no folder, such as `**`: it may delete everything. */
  readonly everything?: true | undefined
}

/** A rule as it is applied. */
export interface Rule {
  readonly path: string
  readonly pattern: Pattern
  readonly namespace: NamespaceName | undefined
  readonly isKeepAll: boolean
  readonly newest: { readonly count: number; readonly by: string } | undefined
  readonly maxAgeMs: number | undefined
  readonly maxBytes: number | undefined
  /** Paths with the same so many segments at the beginning are decided together, and stand together in a listing. */
  readonly scopeDepth: number
  /** With the same so many, they are of the same unit, if those say it; Infinity where every file is one. */
  readonly unitDepth: number | undefined
}

/** For runlet's own logs; applies unless a rule begins with their folder. There is none for anybody's data. */
export const OWN_LOGS_RULE: RetentionRule = { path: '.runlet/logs/**', maxAge: '30d' }
const OWN_FOLDER = '.runlet/'

const LEAST_AGE_MS = 60_000

const ruleSchema = z.strictObject({
  path: z.string().min(1).max(900),
  keep: z
    .union([z.literal('all'), z.strictObject({ newest: z.number().int().positive().max(1_000_000), by: z.string() })])
    .optional(),
  maxAge: z.union([z.string(), z.number()]).optional(),
  maxBytes: z.union([z.string(), z.number()]).optional(),
  namespace: namespaceSchema.optional(),
  everything: z.literal(true).optional(),
})

type Given = z.infer<typeof ruleSchema>

/** How a refusal is told. */
type Refuse = (where: string, problem: string, remedy: string) => RunletError
const asArgument: Refuse = (where, problem, remedy) => new InvalidArgumentError(where, problem, remedy)

/** Parses rules, and adds the one for runlet's own logs. @throws what `refuse` makes, InvalidArgumentError by default */
export function parseRetention(given: unknown, refuse: Refuse = asArgument): Rule[] {
  if (!Array.isArray(given ?? [])) throw refuse('retention', 'is no list', 'Write a list of rules.')
  const rules = ((given ?? []) as unknown[]).map((rule, i) => {
    const parsed = parseRule(rule)
    if ('problem' in parsed) throw refuse(nameOf(rule, i), parsed.problem, parsed.remedy)
    return parsed
  })
  const isAboutLogs = rules.some(({ pattern }) => pattern.prefix.startsWith(OWN_FOLDER))
  return isAboutLogs ? rules : [...rules, parseRule(OWN_LOGS_RULE) as Rule]
}

function nameOf(rule: unknown, i: number): string {
  const path = (rule as { path?: unknown } | null)?.path
  return `retention[${i}]${typeof path === 'string' ? ` (${JSON.stringify(path.slice(0, 200))})` : ''}`
}

function parseRule(given: unknown): Rule | Problem {
  const parsed = ruleSchema.safeParse(given)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return { problem: `${issue?.path.join('.') || 'rule'}: ${issue?.message}`, remedy: FORM }
  }
  const rule = parsed.data
  const limits = parseLimits(rule)
  if ('problem' in limits) return limits
  const newest = typeof rule.keep === 'object' ? { count: rule.keep.newest, by: rule.keep.by } : undefined
  const pattern = parsePattern(rule.path, newest?.by)
  if ('problem' in pattern) return { ...pattern, problem: `path ${pattern.problem}` }
  const problem = problemOfKeep(rule, pattern) ?? problemOfBreadth(rule, pattern)
  if (problem) return problem
  const { path, namespace } = rule
  const parts = { path, pattern, namespace, isKeepAll: rule.keep === 'all', newest, ...limits }
  return { ...parts, scopeDepth: scopeDepth(parts), unitDepth: unitSegments(pattern) }
}

const FORM = 'A rule is like { "path": "data/{name}/{version}/**", "keep": { "newest": 5, "by": "version" } }.'

function parseLimits({ keep, maxAge, maxBytes }: Given): Pick<Rule, 'maxAgeMs' | 'maxBytes'> | Problem {
  const limits = { maxAgeMs: maxAge && parseAge(maxAge), maxBytes: maxBytes && parseSize(maxBytes) }
  if (maxAge !== undefined && !limits.maxAgeMs)
    return { problem: `maxAge ${JSON.stringify(maxAge)} is no age`, remedy: 'Write it like 12h, 30d or 8w.' }
  if (maxBytes !== undefined && !limits.maxBytes)
    return { problem: `maxBytes ${JSON.stringify(maxBytes)} is no size`, remedy: 'Write it like 500MB, 10GB or 2TiB.' }
  if (limits.maxAgeMs && limits.maxAgeMs < LEAST_AGE_MS)
    return { problem: `maxAge ${JSON.stringify(maxAge)} is under a minute`, remedy: 'Write it with a unit, like 30d.' }
  if (maxAge !== undefined && maxBytes !== undefined)
    return {
      problem: 'has both maxAge and maxBytes',
      remedy: 'Write a rule for each: a file goes when either says so.',
    }
  if (maxAge === undefined && maxBytes === undefined && keep === undefined)
    return { problem: 'says nothing of what goes', remedy: 'Add keep, maxAge or maxBytes.' }
  if (keep === 'all' && (maxAge !== undefined || maxBytes !== undefined))
    return { problem: 'keeps all and has a limit', remedy: 'Leave out one of them.' }
  return { maxAgeMs: limits.maxAgeMs || undefined, maxBytes: limits.maxBytes || undefined }
}

function problemOfKeep({ keep }: Given, { captures }: Pattern): Problem | undefined {
  if (typeof keep !== 'object' || captures.includes(keep.by)) return undefined
  const known =
    captures.length > 0 ? `It captures ${captures.join(', ')}.` : `Write {${keep.by}} where the number stands.`
  return { problem: `keep.by: the path does not capture ${JSON.stringify(keep.by)}`, remedy: known }
}

/** People are protected from a slip, not from what they say clearly. */
function problemOfBreadth({ keep, everything }: Given, { prefix }: Pattern): Problem | undefined {
  if (keep || everything || prefix !== '') return undefined
  return {
    problem: 'names no folder and keeps nothing, so it may delete everything',
    remedy: 'Begin the path with a folder, add keep, or say "everything": true.',
  }
}

type Parts = Pick<Rule, 'pattern' | 'newest' | 'maxAgeMs' | 'maxBytes'>

/** For a total all that matches is looked at together; for the newest a group; for an age a unit. */
function scopeDepth({ pattern, newest, maxBytes }: Parts): number {
  if (maxBytes !== undefined) return leadingSegments(pattern, () => false)
  if (newest) return leadingSegments(pattern, name => name !== newest.by)
  return pattern.captures.length > 0 ? leadingSegments(pattern, () => true) : Number.POSITIVE_INFINITY
}
