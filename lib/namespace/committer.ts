// Group commit: the puts and deletes that one process makes at the same time share a commit, and commits that wait for the head
// share a swap. One conflict in a group fails only those that have it.
import { AsyncResource } from 'node:async_hooks'
import {
  AbortedError,
  ChangeRefusedError,
  ConflictError,
  LeaseLostError,
  NamespaceSealedError,
  StaleWriteError,
  UndecidedError,
} from '../errors.ts'
import { type Moment, momentOf } from '../store/grace.ts'
import { unmetered } from '../store/metered-store.ts'
import type { Outcome } from './batch.ts'
import type { Change, Reliance, RowSet } from './change.ts'
import { commit } from './commit.ts'
import { BRIEF_MERGE_ROWS, compactSome, planSome, prepare } from './compact.ts'
import type { NamespaceContext } from './context.ts'
import { assertNotDeciding } from './deciding.ts'
import type { Fence } from './fences.ts'
import { isLong } from './history.ts'
import { newId } from './object-id.ts'
import { packValues } from './packs.ts'
import type { PolicyRule } from './policy.ts'
import { lastOfEach, type Row } from './row.ts'
import type { View } from './view.ts'

/** How the changes made through one handle are signed and judged. */
export interface Signing {
  readonly author: string
  readonly rules: readonly PolicyRule[]
  readonly suffix: string
  readonly fence?: Fence | undefined
}

/** A commit that stands. */
export interface Committed {
  /** Its number in the namespace's history: one more than that of the commit before. */
  readonly seq: number
  /** Its id, for ever and anywhere. Puts that were combined into one commit have one. */
  readonly id: string
  /** How many paths it put or deleted. */
  readonly rows: number
  /** How many commits went in with the same swap of the head. */
  readonly batchSize: number
}

/** Rows above this many bytes travel in an index file of their own, not in the head. */
const INLINE_SET_BYTES = 8 * 1024
/** Inline values of one commit above this are packed at once. */
const INLINE_VALUES_BYTES = 256 * 1024

/** A put that waits longer than so many commits of its own process has other worries. */
const REMEMBERED_COMMITS = 1024

/** From so many commits on, a process is taken to go on writing. */
const WARM_COMMITS = 3
/** Of how many rows a merge in the background may be, of a process that goes on. */
const WARM_MERGE_ROWS = 256 * 1024

interface Waiting {
  readonly rows: readonly Row[]
  readonly base: View
  /** Stands for itself: it is a transaction, or has a message. */
  readonly alone: boolean
  readonly signing: Signing
  readonly message: string | undefined
  readonly id: string | undefined
  readonly began: Moment
  readonly reliesOn: Reliance | undefined
  /** Where it was asked for: of whose trace its requests and its commit are. */
  readonly scope: AsyncResource
  readonly resolve: (committed: Committed) => void
  readonly reject: (error: unknown) => void
}

export class Committer {
  private readonly context: NamespaceContext
  private waiting: Waiting[] = []
  private running: Promise<void> | undefined
  private readonly upkeep = new Set<string>()
  /** The newest commits made here. */
  private own: { life: number; seqs: Set<number> } = { life: 0, seqs: new Set() }

  constructor(context: NamespaceContext) {
    this.context = context
  }

  /**
   * Commits rows that were made on the head as this process knows it, or on `base`. Their values are stored already, since `began` at
   * the earliest. `id`: the id that the commit is to have, for who wants to ask for it later. `reliesOn`: with `base`, what else must
   * not have changed since.
   */
  async submit(
    rows: readonly Row[],
    signing: Signing,
    options: {
      message?: string | undefined
      base?: View
      id?: string
      began?: Moment
      reliesOn?: Reliance
      signal?: AbortSignal | undefined
    } = {},
  ): Promise<Committed> {
    assertNotDeciding({ url: this.context.store.url, name: this.context.name })
    const base = options.base ?? this.context.views.view((await this.context.head.current()).value)
    const began = options.began ?? momentOf(this.context.ambient)
    if (options.signal?.aborted) throw new AbortedError('the commit', options.signal.reason)
    return new Promise((resolve, reject) => {
      const { message, id, reliesOn } = options
      const alone = options.base !== undefined || message !== undefined || id !== undefined
      const scope = new AsyncResource('runlet.commit')
      this.waiting.push({ rows, base, alone, signing, message, id, began, reliesOn, scope, resolve, reject })
      if (this.running) return
      this.running = this.run()
      this.context.background.add(this.running)
    })
  }

  /** Resolves when nothing is being written or compacted in the background. */
  idle(): Promise<void> {
    return this.context.background.idle()
  }

  private async run(): Promise<void> {
    // Puts made in the same tick belong together.
    await Promise.resolve()
    for (let first = this.waiting[0]; first; first = this.waiting[0]) {
      const { scope } = first
      const taken = this.waiting
      this.waiting = []
      // Not in the scope of whoever began this loop, perhaps long ago. What several callers share is the first one's.
      await scope.runInAsyncScope(() => this.commitGroups(groupPuts(taken)))
    }
    this.running = undefined
    this.maintain()
  }

  private async commitGroups(groups: readonly Waiting[][]): Promise<void> {
    const undecided = groups.flat()
    try {
      const changes = await Promise.all(groups.map(group => this.changeOf(group)))
      const outcomes = await commit(this.context, changes)
      const split: Waiting[][] = []
      groups.forEach((group, i) => {
        const [outcome, change] = [outcomes[i] as Outcome, changes[i] as Change]
        if (outcome.kind === 'conflict' && group.length > 1) split.push(...group.map(one => [one]))
        else for (const one of group) this.conclude(one, change, outcome)
      })
      if (split.length > 0) await this.commitGroups(split)
    } catch (error) {
      for (const { reject } of undecided) reject(error)
    }
  }

  private async changeOf(group: readonly Waiting[]): Promise<Change> {
    const { base, signing, message, id, reliesOn } = group[0] as Waiting
    const { ambient, name } = this.context
    const rows = lastOfEach(group.flatMap(one => one.rows))
    const { author, rules, suffix, fence } = signing
    return {
      id: id ?? newId(ambient),
      since: base.seq,
      sinceFork: base.fork,
      base: async () => base,
      at: ambient.now(),
      author,
      message,
      rules,
      suffix,
      fence,
      reliesOn,
      began: earliest(group),
      // A put knows of the puts before it; a transaction knows only what it has read.
      own: (group[0] as Waiting).alone ? undefined : this.own,
      sets: rows.length > 0 ? [await rowSet(this.context, name, rows)] : [],
    }
  }

  private conclude(one: Waiting, change: Change, outcome: Outcome): void {
    if (outcome.kind !== 'committed') {
      one.reject(errorOf(this.context, outcome))
      return
    }
    this.remember(outcome.seq)
    one.resolve({ seq: outcome.seq, id: change.id, rows: one.rows.length, batchSize: outcome.batchSize })
  }

  private remember(seq: number): void {
    const life = this.context.head.known?.value.createdAt ?? 0
    if (life !== this.own.life) this.own = { life, seqs: new Set() }
    const { seqs } = this.own
    seqs.add(seq)
    for (const oldest of seqs) {
      if (seqs.size <= REMEMBERED_COMMITS) break
      seqs.delete(oldest)
    }
  }

  /** Upkeep after a commit, in the background: moves a large tail out of the head, merges layers when that is worth it. */
  maintain(): void {
    const head = this.context.head.known?.value
    if (!head) return
    // A process that keeps writing has its next commit take up what is prepared; one that is about to end would do so in vain.
    const warm = this.own.seqs.size >= WARM_COMMITS
    if (warm) this.inBackground('preparing', () => prepare(this.context))
    const maxRows = warm ? WARM_MERGE_ROWS : BRIEF_MERGE_ROWS
    if (planSome(this.context, head.layers, maxRows) !== undefined || (!warm && isLong(head)))
      this.inBackground('merging', () => compactSome(this.context, maxRows))
  }

  /** One at a time of each kind: what is prepared must be ready for the next commit, however long a merge takes. */
  private inBackground(kind: 'preparing' | 'merging', work: () => Promise<void>): void {
    if (this.upkeep.has(kind) || this.context.background.closing.signal.aborted) return
    this.upkeep.add(kind)
    // What fails here leaves everything as it was; the next commit finds the same to do.
    this.context.background.add(unmetered(work).finally(() => this.upkeep.delete(kind)))
  }
}

/** Rows in hand if they are small, else in an index file. */
async function rowSet(context: NamespaceContext, namespace: Row['in'], rows: readonly Row[]): Promise<RowSet> {
  if (JSON.stringify(rows).length <= INLINE_SET_BYTES) return { rows }
  const packed = packValues(context, rows, INLINE_VALUES_BYTES)
  const [files] = await Promise.all([context.index.write(namespace, packed.rows, 0), packed.stored])
  return { files, count: rows.length }
}

/** Plain puts that began from the same head go together, for they stand or fall by the same swap. */
function groupPuts(waiting: readonly Waiting[]): Waiting[][] {
  const groups: Waiting[][] = []
  for (const one of waiting) {
    const together = groups.find(([first]) => first && !one.alone && !first.alone && sameSigning(first, one))
    if (together) together.push(one)
    else groups.push([one])
  }
  return groups
}

const sameSigning = (a: Waiting, b: Waiting): boolean =>
  a.base.seq === b.base.seq && a.base.fork === b.base.fork && a.signing === b.signing

const earliest = (group: readonly Waiting[]): Moment =>
  group.map(one => one.began).reduce((a, b) => (b.monotonic < a.monotonic ? b : a))

/** The error that a refused change ends in. */
export function errorOf(context: NamespaceContext, outcome: Exclude<Outcome, { kind: 'committed' }>): unknown {
  if (outcome.kind === 'failed') return outcome.error
  if (outcome.kind === 'conflict') return new ConflictError(context.name, outcome.paths)
  if (outcome.kind === 'sealed') return new NamespaceSealedError(context.name, outcome.state)
  if (outcome.kind === 'fenced') return new LeaseLostError(`${context.name}:${outcome.lease}`)
  if (outcome.kind === 'stale') return new StaleWriteError(context.name)
  if (outcome.kind === 'broken') return new ChangeRefusedError(context.name, outcome.message)
  return new UndecidedError(context.name)
}
