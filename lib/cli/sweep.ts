// `runlet sweep`: finishes what crashes interrupted and deletes what nothing reaches, in the whole store or, with --namespace, below one
// namespace; with --every again and again, until a signal ends it after the sweep that is under way. In a git repository, first of all what
// its removed worktrees have left.
import { systemAmbient } from '../ambient.ts'
import { RunletError } from '../errors.ts'
import { type GoneWorktree, sweepWorktrees } from '../integrations/worktree/gone.ts'
import type { Store } from '../runlet.ts'
import type { Verb } from './context.ts'
import { parseDuration } from './durations.ts'
import { DONE, FAILED } from './failure.ts'
import type { Output } from './output.ts'
import { atStore } from './place.ts'
import { during } from './progress.ts'
import { formatBytes } from './sizes.ts'
import { keepHeapSmall } from './small-heap.ts'
import { untilStopped } from './until-stopped.ts'

interface Options {
  readonly dryRun?: true
  readonly every?: string
  readonly keep: string
}

interface Report extends Awaited<ReturnType<Store['sweep']>> {
  /** Those of this repository that were removed. */
  readonly worktrees: readonly GoneWorktree[]
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

export const verb: Verb<Options, []> = async ({ shared, output }, { dryRun, every, keep }) => {
  const everyMs = every === undefined ? undefined : parseDuration('--every', every, { least: 1000 })
  const keepMs = parseDuration('--keep', keep, { least: MINUTE_MS, most: 3650 * DAY_MS })
  keepHeapSmall()
  return atStore(shared, { namespace: 'sweep' }, (store, { retention }) =>
    untilStopped(async signal => {
      const options = { dryRun, keepMs, retention, namespace: shared.namespace, signal }
      let at = 'worktrees'
      const onProgress = (namespace: string) => {
        at = namespace
      }
      const sweepBoth = async () => {
        const about = { dryRun: dryRun ?? false, keepMs, namespace: shared.namespace }
        const worktrees = await sweepWorktrees(store, process.cwd(), about)
        return { ...(await store.sweep({ ...options, onProgress })), worktrees }
      }
      const sweepOnce = async () => tell(await during(output, () => `sweep ${at}`, sweepBoth()), output)
      return everyMs === undefined ? sweepOnce() : sweepEvery(everyMs, sweepOnce, { signal, output })
    }),
  )
}

/** What fails now may work the next time: a store that cannot be reached ends nothing. */
async function sweepEvery(
  everyMs: number,
  sweepOnce: () => Promise<number>,
  { signal, output }: { signal: AbortSignal; output: Output },
): Promise<number> {
  while (!signal.aborted) {
    try {
      await sweepOnce()
    } catch (error) {
      if (!(error instanceof RunletError)) throw error
      if (!signal.aborted) output.failure(error)
    }
    // Several machines that begin at the same minute need not go on so.
    const pause = everyMs * (0.9 + 0.2 * systemAmbient.random())
    await systemAmbient.sleep(pause, { signal }).catch(() => undefined)
  }
  return DONE
}

async function tell(report: Report, output: Output): Promise<number> {
  if (output.json) await output.document(report)
  else for (const line of linesOf(report)) await output.line(line)
  return report.problems.length > 0 ? FAILED : DONE
}

function* linesOf({
  dryRun,
  worktrees,
  runs,
  changes,
  retention,
  removed,
  waiting,
  problems,
}: Report): Generator<string> {
  const would = dryRun ? 'would be ' : ''
  for (const { namespace, worktree, done, problem } of worktrees) {
    const told = done === 'kept' ? 'is kept' : `${dryRun ? would : 'was '}${done}`
    yield `${namespace} (of ${worktree}, which is gone) ${told}${problem === undefined ? '' : `: ${problem}`}`
  }
  for (const { name, was, done, problem } of runs) {
    const told = done === 'kept' ? 'is kept' : `${was === 'open' ? '' : `(${was}) `}${dryRun ? would : 'was '}${done}`
    yield `${name} ${told}${problem === undefined ? '' : `: ${problem}`}`
  }
  for (const { namespace, id, author, done } of changes) {
    const told = done === 'waiting' ? 'waits to be committed' : `was ${done}`
    yield `${namespace}: change ${id} of ${author}, which waited in the queue, ${told}`
  }
  for (const { namespace, path, files, bytes, examples } of retention) {
    yield `${namespace}: ${path}: ${files} files (${formatBytes(bytes)}) ${dryRun ? would : ''}deleted, like ${examples[0] ?? 'none'}`
  }
  yield `${removed.objects} objects (${formatBytes(removed.bytes)}) ${dryRun ? would : ''}deleted${kinds(removed.byKind)}`
  if (waiting.objects > 0) {
    yield `${waiting.objects} objects (${formatBytes(waiting.bytes)}) wait for their grace period, or for a run that reaches them`
  }
  for (const { what, code, message } of problems) yield `${what}: ${code}: ${message}`
}

const kinds = (byKind: Report['removed']['byKind']): string => {
  const told = Object.entries(byKind).map(([kind, { objects }]) => `${kind} ${objects}`)
  return told.length > 0 ? `: ${told.join(', ')}` : ''
}
