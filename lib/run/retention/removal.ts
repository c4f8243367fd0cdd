// Deletes what a survey dooms, in ordinary commits of about a thousand files, whole units as far as they fit. Each commit rests on what
// was surveyed: a unit of which a file was written meanwhile stays whole, and where a file that was to be kept is gone, the rest of its
// group stays. So the newest are never deleted through a race, whoever deletes at the same time; what stays is for the next time.
import { ConflictError } from '../../errors.ts'
import type { Path } from '../../names.ts'
import type { Reliance } from '../../namespace/change.ts'
import type { OpenNamespace } from '../../namespace/namespace.ts'
import { deletedRow, type FileRow } from '../../namespace/row.ts'
import type { View } from '../../namespace/view.ts'
import { Meanwhile } from './meanwhile.ts'
import type { Rule } from './rules.ts'
import { type Doomed, type Locate, type Scope, unitStart } from './survey.ts'
import type { MetUnit } from './units.ts'

/** A commit has about so many files, */
const BATCH = 1000
/** and a unit is cut into pieces of so many. */
const MOST_AT_ONCE = 4096

interface RemovalOptions {
  /** What was surveyed. */
  readonly view: View
  readonly rule: Rule
  readonly locate: Locate
  readonly author: string
  readonly signal?: AbortSignal | undefined
  /** Whether an earlier rule removed the path, or would have. */
  readonly isGone: (path: Path) => boolean
  /** Told of files before a commit deletes them. */
  readonly onDelete?: ((rows: readonly FileRow[]) => Promise<void>) | undefined
  /** Told of files that are deleted. */
  readonly onDeleted: (deleted: readonly Doomed[]) => void
  /** Told of how many files stay, because others were at them. */
  readonly onLeft: (files: number) => void
}

export class Removal {
  readonly #namespace: OpenNamespace
  readonly #options: RemovalOptions
  readonly #meanwhile: Meanwhile
  #batch: Doomed[] = []
  /** Those that the batch is of, in path order. */
  #scopes = new Set<Scope>()

  constructor(namespace: OpenNamespace, options: RemovalOptions) {
    this.#namespace = namespace
    this.#options = options
    this.#meanwhile = new Meanwhile(namespace.index, options.view, options.rule.pattern.prefix)
  }

  /** Takes a file that goes. Those of a unit come one after the other, scopes in path order. */
  async add(scope: Scope, one: Doomed): Promise<void> {
    const size = this.#batch.length
    if (size >= MOST_AT_ONCE || (size >= BATCH && this.#batch.at(-1)?.unit !== one.unit)) await this.flush()
    this.#scopes.add(scope)
    this.#batch.push(one)
  }

  /** Deletes what was taken. */
  async flush(): Promise<void> {
    const [first] = this.#scopes
    const known = this.#namespace.head.known
    if (first && known) await this.#lookAt(this.#namespace.views.view(known.value), first)
    let batch: readonly Doomed[] = this.#batch
    const all = batch.length
    for (let lost: ReadonlySet<string> = this.#contradicted(batch); first && batch.length > 0; ) {
      batch = batch.filter(({ row }) => !lost.has(row.path))
      if (batch.length === 0) break
      const refused = await this.#commit(batch, first)
      if (!refused) break
      lost = new Set([...refused, ...this.#contradicted(batch)])
    }
    if (batch.length < all) this.#options.onLeft(all - batch.length)
    this.#batch = []
    this.#scopes = new Set()
  }

  /** Resolves to the paths in conflict, if the commit was refused for them. */
  async #commit(batch: readonly Doomed[], first: Scope): Promise<readonly string[] | undefined> {
    const { committer, ambient, name } = this.#namespace
    const { author, rule, signal, onDelete, onDeleted } = this.#options
    await onDelete?.(batch.map(({ row }) => row))
    const at = ambient.now()
    const rows = batch.map(({ row: { path } }) => deletedRow(path, { in: name, at, author }))
    try {
      const signing = { author, rules: [], suffix: 'retention' }
      const base = this.#meanwhile.seen
      const reliesOn = this.#reliance(batch, first)
      await committer.submit(rows, signing, { message: `retention: ${rule.path}`, base, reliesOn, signal })
    } catch (error) {
      const named = new Set(error instanceof ConflictError ? error.paths : [])
      if (!batch.some(({ row }) => named.has(row.path))) throw error
      return [...named]
    }
    onDeleted(batch)
    return undefined
  }

  /** What other processes can tell of it: where deletions may shrink a group, or writes may touch a unit. */
  #reliance(batch: readonly Doomed[], first: Scope): Reliance {
    const { rule } = this.#options
    const compares = rule.newest !== undefined || rule.maxBytes !== undefined
    const units = new Set(batch.map(({ row }) => unitStart(rule, row.path)))
    return {
      under: rule.pattern.prefix,
      deletions: compares ? [...this.#scopes].map(scope => scope.start) : [],
      writes: [...units].filter(start => start !== undefined),
      contradicted: async now => {
        await this.#lookAt(now, first)
        return [...this.#contradicted(batch)]
      },
    }
  }

  #lookAt(now: View, first: Scope): Promise<void> {
    const { locate, isGone } = this.#options
    const waiting = new Set(this.#batch.map(({ row }) => row.path))
    return this.#meanwhile.upTo(now, first.start, (path, row) => {
      const place = locate(path)
      if (typeof place !== 'object') return false
      // What goes anyway may be gone already: through us, most likely.
      return row !== undefined || waiting.has(path) || !(isGone(path) || this.#unitAt(place.unit)?.goes)
    })
  }

  /** The paths of the batch that are not to be deleted after what others did meanwhile. */
  #contradicted(batch: readonly Doomed[]): Set<Path> {
    const { locate, rule } = this.#options
    const own = new Set(batch.map(({ row }) => row.path))
    const paths = new Set<Path>()
    const units = new Set<string>()
    const groups = new Set<string>()
    for (const [path, row] of this.#meanwhile.changes) {
      const place = locate(path)
      if (typeof place !== 'object') continue
      if (row) units.add(place.unit)
      else if (own.has(path)) paths.add(path)
      else if (!this.#unitAt(place.unit)?.goes) groups.add(place.group)
    }
    const stays = ({ row, unit }: Doomed) =>
      paths.has(row.path) ||
      units.has(unit.key) ||
      (rule.maxBytes ? groups.size > 0 : rule.newest && groups.has(unit.group))
    return new Set(batch.filter(stays).map(({ row }) => row.path))
  }

  #unitAt(key: string): MetUnit | undefined {
    for (const { units } of this.#scopes) {
      const unit = units.get(key)
      if (unit) return unit
    }
    return undefined
  }
}
