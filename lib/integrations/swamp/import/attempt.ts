// One way through the plan of an import: decides on each path, makes the rows for the namespace and for the record, and counts. Nothing of
// it is visible until both are committed.

import { concurrently } from '../../../concurrently.ts'
import type { Path } from '../../../names.ts'
import type { OpenNamespace } from '../../../namespace/namespace.ts'
import { policyFor } from '../../../namespace/policy.ts'
import { deletedRow, type FileRow, isFile, type Row } from '../../../namespace/row.ts'
import type { Datastore, Distance } from './datastore.ts'
import { decide } from './decide.ts'
import type { ImportOptions, ImportReport } from './import.ts'
import { isUnchanged, type Step } from './plan.ts'
import { SwampConflictError } from './problems.ts'
import type { Publication } from './publish.ts'
import { comparing, type Same } from './same.ts'
import type { Taken } from './take-inventory.ts'
import { copiedRow, externalRow } from './values.ts'

const COPIES_AT_ONCE = 32
const MOST_SHOWN = 100

export interface Work {
  readonly into: OpenNamespace
  readonly datastore: Datastore
  readonly distance: Distance
  readonly taken: Taken
  readonly options: ImportOptions
}

export type Done = Pick<ImportReport, 'put' | 'deleted' | 'copied' | 'settled' | 'seq'> & { underWay: number }

/** `same`: both have the same content. `keep`: what runlet has stays. `nothing`: neither is there anything to be noted. */
type Verdict = 'take' | 'delete' | 'same' | 'keep' | 'conflict' | 'nothing'

const withHash = (row: FileRow, sha256: string | undefined): FileRow => ({
  ...row,
  ...(sha256 !== undefined && { sha256 }),
})

export class Attempt {
  readonly rows: Publication
  readonly record: Publication | undefined
  readonly #work: Work
  readonly #isDry: boolean
  readonly #same: Same
  readonly #copies: boolean
  readonly #conflicts: Path[] = []
  #conflicting = 0
  readonly #done = { put: 0, deleted: 0, settled: 0, underWay: 0, copied: { files: 0, bytes: 0 } }
  #looked = 0

  constructor(work: Work, means: { rows: Publication; record: Publication | undefined; isDry: boolean }) {
    this.#work = work
    this.rows = means.rows
    this.record = means.record
    this.#isDry = means.isDry
    this.#same = comparing(work.into.values, work.datastore)
    this.#copies = work.options.copy === true || work.distance !== 'same-bucket'
  }

  /** Takes steps in path order. */
  async take(steps: readonly Step[]): Promise<void> {
    const rows = await concurrently(steps, COPIES_AT_ONCE, step => this.#rowsFor(step))
    for (const made of rows) {
      if (!made || this.#isDry || this.#conflicting > 0) continue
      if (made.row) await this.rows.add(made.row)
      if (made.recorded) await this.record?.add(made.recorded)
    }
    this.#looked += steps.length
    this.#work.options.onProgress?.('import', this.#looked, this.#copies ? this.#work.taken.inventory.count : undefined)
  }

  /** The rows for the namespace and for the record. */
  async #rowsFor(step: Step): Promise<{ row?: Row | undefined; recorded?: Row | undefined } | undefined> {
    const { path, swamp, runlet } = step
    const { into, datastore } = this.#work
    const theirs = swamp && externalRow({ into, datastore }, swamp)
    const decision = await this.#decide(step, theirs)
    if (decision === 'nothing') return undefined
    if (decision === 'conflict') {
      this.#conflicting += 1
      if (this.#conflicts.length < MOST_SHOWN) this.#conflicts.push(path)
      return undefined
    }
    if (decision === 'keep') return { recorded: theirs ?? this.#deleted(path) }
    // Once swamp has removed its object, nobody could find out any more that this was the same.
    if (decision === 'same') return { recorded: theirs ? withHash(theirs, runlet?.sha256) : this.#deleted(path) }
    if (!theirs || !swamp) {
      this.#done.deleted += 1
      return { row: isFile(runlet) ? this.#deleted(path) : undefined, recorded: this.#deleted(path) }
    }
    const row = this.#copies && !this.#isDry ? await copiedRow(this.#work, swamp) : theirs
    if (!row) {
      this.#done.underWay += 1
      return undefined
    }
    this.#done.put += 1
    if (this.#copies) {
      this.#done.copied.files += 1
      this.#done.copied.bytes += row.size
    }
    return { row, recorded: withHash(theirs, row.sha256) }
  }

  async #decide(step: Step, theirs: FileRow | undefined): Promise<Verdict> {
    const { path, imported, runlet } = step
    const refers = runlet?.external !== undefined && runlet.external[0] === theirs?.external?.[0]
    if (isUnchanged(step)) return refers && this.#copies ? 'take' : 'nothing'
    const decision = await decide({ swamp: theirs, imported, runlet }, this.#same)
    // The same bytes, written anew: what refers to the version before would be refused. Or their hash has become known.
    const isStale = runlet?.external?.[1] !== theirs?.external?.[1] || runlet?.sha256 !== theirs?.sha256
    if (decision === 'keep') return refers && (isStale || this.#copies) ? 'take' : 'same'
    if (decision !== 'conflict') return decision
    const policy = policyFor(this.#work.options.rules ?? [], path)
    if (policy === 'error') return 'conflict'
    this.#done.settled += 1
    return policy === 'ours' ? 'keep' : theirs ? 'take' : 'delete'
  }

  #deleted(path: Path): Row {
    const { into, options } = this.#work
    return deletedRow(path, { in: into.name, at: into.ambient.now(), author: options.author })
  }

  assertNoConflict(): void {
    if (this.#conflicting === 0) return
    throw new SwampConflictError(this.#conflicts, this.#conflicting, {
      side: 'in swamp and in runlet',
      remedy: 'Import again with --on-conflict ours (what runlet has stays) or theirs (what swamp has), or GLOB=ours.',
    })
  }

  done(seq: number | undefined): Done {
    return { ...this.#done, seq }
  }
}
