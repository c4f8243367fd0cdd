// `runlet import swamp URL --into NAMESPACE`: takes over what a swamp S3 datastore has, or compares it (--verify), or goes on doing so
// (--follow).

import { InvalidArgumentError } from '../../errors.ts'
import { followSwamp } from '../../integrations/swamp/import/follow.ts'
import { type ImportOptions, type ImportReport, importSwamp } from '../../integrations/swamp/import/import.ts'
import { type Problem, SwampProblemsError } from '../../integrations/swamp/import/problems.ts'
import { isVerified, type VerifyReport, verifyImport } from '../../integrations/swamp/import/verify.ts'
import { parsePolicy } from '../../namespace/policy.ts'
import { parseRetention, type RetentionRule } from '../../run/retention/rules.ts'
import { parseConflictOption } from '../conflict-option.ts'
import type { Verb } from '../context.ts'
import { parseDuration } from '../durations.ts'
import { DONE, FAILED } from '../failure.ts'
import type { Output } from '../output.ts'
import { progressLine } from '../progress.ts'
import { formatBytes } from '../sizes.ts'
import { keepHeapSmall } from '../small-heap.ts'
import { untilStopped } from '../until-stopped.ts'
import { atSwamp, HEAP_GROWTH_PERCENT, type SwampPlace } from './place.ts'

interface Options {
  readonly into: string
  readonly copy?: true
  readonly verify?: true
  readonly follow?: true
  readonly every: string
  readonly retain?: string[]
  readonly onConflict?: string[]
  readonly anyFiles?: true
  readonly skipInvalid?: true
  readonly dryRun?: true
}

export const verb: Verb<Options, [url: string]> = async ({ shared, output }, options, url) => {
  const everyMs = parseDuration('--every', options.every, { least: 1000 })
  const given = parseRetain(options.retain)
  const rules = parsePolicy(parseConflictOption(options.onConflict))
  assertTogether(options)
  keepHeapSmall({ growthPercent: HEAP_GROWTH_PERCENT })
  return atSwamp(shared, { url, name: options.into }, place =>
    untilStopped(signal => {
      const { copy, anyFiles, skipInvalid, dryRun } = options
      const retention = given === 'configured' ? place.config.retention : given
      const about = {
        author: place.author,
        copy,
        retention,
        rules,
        anyFiles,
        skipInvalid,
        dryRun,
        signal,
        onProgress: shown(output),
      }
      return listingProblems(output, () => {
        if (options.verify) return verify(place, about, output)
        return options.follow ? follow(place, { ...about, everyMs, signal }, output) : importOnce(place, about, output)
      })
    }),
  )
}

function assertTogether({ follow, verify, dryRun }: Options): void {
  if ([follow, verify, dryRun].filter(Boolean).length > 1)
    throw new InvalidArgumentError(
      '--follow',
      'does not go with --verify or --dry-run, nor these together',
      'Give one of them.',
    )
}

/** Rules as JSON, or `config` for those of the configuration file. */
function parseRetain(given: readonly string[] | undefined): readonly RetentionRule[] | 'configured' {
  if (given?.includes('config')) return 'configured'
  const rules = (given ?? []).map(text => {
    try {
      return JSON.parse(text) as RetentionRule
    } catch {
      const form = `'{"path":"data/{type}/{model}/{name}/{version}/**","keep":{"newest":5,"by":"version"}}'`
      const what = `${JSON.stringify(text.slice(0, 100))} is neither JSON nor "config"`
      throw new InvalidArgumentError('--retain', what, `Write a rule like ${form}.`)
    }
  })
  parseRetention(rules)
  return rules
}

const shown =
  (output: Output): NonNullable<ImportOptions['onProgress']> =>
  (step, done, total) =>
    output.move(
      step === 'index'
        ? progressLine('reading the index', { done, unit: 'bytes' })
        : progressLine(step === 'list' ? 'listing' : 'importing', { done, total, unit: 'files' }),
    )

async function importOnce(
  { namespace, datastore }: SwampPlace,
  options: ImportOptions,
  output: Output,
): Promise<number> {
  await tell(await importSwamp(namespace, datastore, options), output)
  return DONE
}

async function follow(
  { namespace, datastore }: SwampPlace,
  options: ImportOptions & { everyMs: number; signal: AbortSignal },
  output: Output,
): Promise<number> {
  await followSwamp(namespace, datastore, {
    ...options,
    onImport: report => tell(report, output),
    onFailure: error => output.failure(error),
  })
  return DONE
}

async function tell(report: ImportReport, output: Output): Promise<void> {
  const { namespace, files, bytes, put, deleted, seq, dryRun } = report
  const what = `${count(put)} put, ${count(deleted)} deleted`
  const done =
    put + deleted === 0
      ? `${namespace} has what swamp has`
      : dryRun
        ? `${what} would be imported into ${namespace}`
        : `imported into ${namespace}: ${what}, seq ${seq}`
  const more = [
    `${count(files)} files, ${formatBytes(bytes)} in swamp`,
    report.copied.files > 0 && !dryRun && `${formatBytes(report.copied.bytes)} copied`,
    report.leftOut > 0 && `${count(report.leftOut)} superseded left out`,
    report.settled > 0 && `${count(report.settled)} conflicts settled`,
    report.underWay > 0 && `${count(report.underWay)} being written: import again`,
    `${count(report.requests)} requests`,
  ].filter(part => part !== false)
  await output.result(report, `${done} (${more.join('; ')})`)
  if (!output.json) await listProblems(report.skipped, output)
}

async function verify({ namespace, datastore }: SwampPlace, options: ImportOptions, output: Output): Promise<number> {
  const { retention, anyFiles, skipInvalid, signal } = options
  const onProgress = (step: 'index' | 'list' | 'compare', done: number) =>
    output.move(
      progressLine(step === 'index' ? 'reading the index' : step, { done, unit: step === 'index' ? 'bytes' : 'files' }),
    )
  const report = await verifyImport(namespace, datastore, { retention, anyFiles, skipInvalid, signal, onProgress })
  const agrees = isVerified(report)
  if (output.json) await output.document({ ...report, verified: agrees })
  else for (const line of differences(report)) await output.line(line)
  if (agrees)
    output.say(
      `${report.namespace} has all ${count(report.same)} files that swamp has, and ${count(report.own)} of its own`,
    )
  else output.say(`${report.namespace} differs from swamp. Import again, and verify again.`)
  return agrees ? DONE : FAILED
}

function* differences({ missing, different, gone }: VerifyReport): Generator<string> {
  for (const [what, { count: n, paths }] of Object.entries({ missing, different, gone })) {
    for (const path of paths) yield `${what}  ${path}`
    if (n > paths.length) yield `${what}  and ${count(n - paths.length)} more`
  }
}

/** What is wrong with the datastore, on stdout, before the error that ends the command. */
async function listingProblems(output: Output, work: () => Promise<number>): Promise<number> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SwampProblemsError) {
      if (output.json) await output.document({ problems: error.problems })
      else await listProblems(error.problems, output)
    }
    throw error
  }
}

async function listProblems(problems: readonly Problem[], output: Output): Promise<void> {
  for (const { kind, count: n, examples, remedy } of problems) {
    await output.line(`${kind}: ${count(n)} (${remedy})`)
    for (const example of examples) await output.line(`  ${example}`)
  }
}

const count = (n: number): string => n.toLocaleString('en-US')
