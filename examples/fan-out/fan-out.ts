// The main job: every worktree is examined in a child namespace of its own, all at the same time, and when the last one is done
// all of them are folded into the parent at once.
import { type FoldResult, type Run, type Store, withRunNamespace } from 'runlet'
import { changes } from './phases/changes.ts'
import { history } from './phases/history.ts'
import { syntax } from './phases/syntax.ts'
import { words } from './phases/words.ts'
import type { Progress } from './progress.ts'
import { type Account, Results } from './results.ts'
import type { Worktree } from './worktrees.ts'

export const PHASES = [history, changes, words, syntax]

/** Every run appends to the log, so at the fold every run but the first meets the lines of others there. */
const ON_CONFLICT = { 'log/**': 'union-lines' } as const

export interface Outcome {
  readonly worktree: Worktree
  readonly account: Account
  readonly fold: FoldResult
  /** How long its phases took. */
  readonly workedMs: number
}

export interface FanOut {
  readonly store: Store
  /** The parent's name. */
  readonly parent: string
  /** Tells the runs of this demo from those of earlier ones in the same store. */
  readonly batch: string
  readonly signal: AbortSignal
  readonly progress: Progress
}

export async function fanOut(worktrees: readonly Worktree[], about: FanOut): Promise<Outcome[]> {
  const ids = worktrees.map((_, i) => `${about.batch}-${i + 1}`)
  const gathering = new Gathering(ids)
  const outcomes = ids.map((id, i) => {
    return foldedRun(id, worktrees[i] as Worktree, about, gathering).finally(() => gathering.arrive(id))
  })
  // Should one fail, its error is told when none is at work any more.
  await Promise.allSettled(outcomes)
  return Promise.all(outcomes)
}

async function foldedRun(id: string, worktree: Worktree, about: FanOut, gathering: Gathering): Promise<Outcome> {
  const { store, parent, signal, progress } = about
  let fold: FoldResult | undefined
  const worked = await withRunNamespace(
    id,
    async run => {
      const work = await examine(run, worktree, progress)
      await gathering.arrive(id)
      run.signal.throwIfAborted()
      return work
    },
    {
      store,
      parent,
      signal,
      onConflict: ON_CONFLICT,
      onError: 'discard',
      onFold: result => {
        fold = result
        progress.done('fold')
      },
    },
  )
  if (!fold) throw new Error(`run ${id} ended without having been folded`)
  return { worktree, fold, ...worked }
}

/** One phase after the other, each of which leaves its results and a line in the log. */
async function examine(run: Run, worktree: Worktree, progress: Progress) {
  const startedAt = performance.now()
  const results = new Results(run)
  for (const phase of PHASES) {
    const found = await phase.examine(worktree, results, run.signal)
    await results.log(`${phase.name}: ${found}`)
    progress.done(phase.name)
  }
  return { account: results.account, workedMs: performance.now() - startedAt }
}

/** Where the runs wait for one another, so that their folds begin at the same moment. */
class Gathering {
  #open: () => void = () => undefined
  readonly #opened = new Promise<void>(resolve => {
    this.#open = resolve
  })
  readonly #awaited: Set<string>

  constructor(ids: readonly string[]) {
    this.#awaited = new Set(ids)
  }

  /** Resolves when all have arrived; one that failed arrives too. */
  arrive(id: string): Promise<void> {
    this.#awaited.delete(id)
    if (this.#awaited.size === 0) this.#open()
    return this.#opened
  }
}
