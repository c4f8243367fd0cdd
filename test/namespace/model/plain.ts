// The plain map that a namespace and its runs are held to: pure data, and what each step makes of it. It knows no store, no layer
// and no request. Conflicts are settled by `theirs`, so that the map knows what comes out.
import type { Change, Step } from './steps.ts'

export type Files = ReadonlyMap<string, string>

/** A run: what it saw at its fork, and what it changed itself; undefined where it deleted. */
export interface PlainRun {
  readonly id: string
  /** The id of the run that it was forked from; undefined for the namespace. */
  readonly parent: string | undefined
  readonly base: Files
  readonly own: ReadonlyMap<string, string | undefined>
}

/** A namespace and its open runs; a run stands after the one that it was forked from. */
export interface Plain {
  readonly files: Files
  readonly runs: readonly PlainRun[]
  readonly forks: number
}

export const EMPTY: Plain = { files: new Map(), runs: [], forks: 0 }
const MAX_RUNS = 4

/** What a reader of the namespace, or of one of its runs, sees. */
export function filesOf(plain: Plain, id: string | undefined): Files {
  const run = plain.runs.find(one => one.id === id)
  return run ? changed(run.base, run.own) : plain.files
}

/** The run that a step's `place` means; undefined for the namespace: place 0, or one that is not there. */
export const runAt = (plain: Plain, place: number): PlainRun | undefined => plain.runs[place - 1]

export const hasRuns = (plain: Plain, run: PlainRun): boolean => plain.runs.some(one => one.parent === run.id)

/** Whether a step does anything: there may be no such run, or as many as we want. */
export function applies(plain: Plain, step: Step): boolean {
  if (step.kind === 'fork') return plain.runs.length < MAX_RUNS
  return step.kind === 'write' || step.kind === 'compact' || runAt(plain, step.place) !== undefined
}

/** Whether the library is to refuse the step: a run with open runs of its own can neither be folded nor discarded. */
export function isRefused(plain: Plain, step: Step): boolean {
  const run = runAt(plain, step.place)
  return run !== undefined && (step.kind === 'fold' || step.kind === 'discard') && hasRuns(plain, run)
}

export const nextId = (plain: Plain): string => `r${plain.forks + 1}`

/** What is there when the step was done. */
export function after(plain: Plain, step: Step): Plain {
  if (step.kind === 'compact' || !applies(plain, step) || isRefused(plain, step)) return plain
  const run = runAt(plain, step.place)
  if (step.kind === 'write') return written(plain, run?.id, step.changes)
  if (step.kind === 'fork') {
    const child: PlainRun = { id: nextId(plain), parent: run?.id, base: filesOf(plain, run?.id), own: new Map() }
    return { ...plain, runs: [...plain.runs, child], forks: plain.forks + 1 }
  }
  if (!run) return plain
  if (step.kind === 'refresh') return refreshed(plain, run)
  const rest = { ...plain, runs: plain.runs.filter(one => one !== run) }
  if (step.kind === 'discard') return rest
  return written(rest, run.parent, [...run.own].filter(says(run)).map(pairToChange))
}

function written(plain: Plain, id: string | undefined, changes: readonly Change[]): Plain {
  const own = new Map(changes.map(({ path, value }) => [path, value]))
  if (id === undefined) return { ...plain, files: changed(plain.files, own) }
  return withRun(plain, id, run => ({ ...run, own: new Map([...run.own, ...own]) }))
}

/** A change that only says again what the run began with leaves its parent's change standing. */
const says =
  ({ base }: PlainRun) =>
  ([path, value]: readonly [string, string | undefined]): boolean =>
    value !== base.get(path)

const pairToChange = ([path, value]: readonly [string, string | undefined]): Change => ({ path, value })

function refreshed(plain: Plain, run: PlainRun): Plain {
  const base = filesOf(plain, run.parent)
  return withRun(plain, run.id, ({ own, ...rest }) => ({ ...rest, base, own: new Map([...own].filter(says(run))) }))
}

function withRun(plain: Plain, id: string, change: (run: PlainRun) => PlainRun): Plain {
  return { ...plain, runs: plain.runs.map(run => (run.id === id ? change(run) : run)) }
}

function changed(files: Files, changes: ReadonlyMap<string, string | undefined>): Files {
  const next = new Map(files)
  for (const [path, value] of changes) {
    if (value === undefined) next.delete(path)
    else next.set(path, value)
  }
  return next
}
