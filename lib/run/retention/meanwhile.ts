// What others did to the files of a rule since they were surveyed. Kept up to date from commit to commit, each time by what is new
// alone: so a removal that takes long rests on the survey and on this, and not on a picture that is out of date.
import { compareBytes, type Path } from '../../names.ts'
import { diffViews } from '../../namespace/diff-views.ts'
import type { IndexStore } from '../../namespace/index-store.ts'
import { compareContent, type FileRow } from '../../namespace/row.ts'
import type { View } from '../../namespace/view.ts'

export class Meanwhile {
  /** Paths that are not as they were in the survey: as they are now, undefined where there is none any more. */
  readonly changes = new Map<Path, FileRow | undefined>()
  /** What was looked at up to here. */
  seen: View
  readonly #surveyed: View
  readonly #index: IndexStore
  readonly #prefix: string

  constructor(index: IndexStore, surveyed: View, prefix: string) {
    this.seen = surveyed
    this.#surveyed = surveyed
    this.#index = index
    this.#prefix = prefix
  }

  /** Looks at what came until `now`, as far as it `matters`. Paths before `start` do not any more. */
  async upTo(now: View, start: string, matters: (path: Path, row: FileRow | undefined) => boolean): Promise<void> {
    if (now.fork === this.seen.fork && now.seq <= this.seen.seq) return
    for (const { path, after } of await diffViews(this.#index, this.seen, now, this.#prefix)) {
      if (compareBytes(path, start) < 0 || !matters(path, after)) continue
      if (await this.#isAsSurveyed(path, after)) this.changes.delete(path)
      else this.changes.set(path, after)
    }
    this.seen = now
  }

  /** A difference between heads names paths that may differ: what was merged too. */
  async #isAsSurveyed(path: Path, row: FileRow | undefined): Promise<boolean> {
    const surveyed = this.#surveyed
    const hasBase = surveyed.fork !== undefined
    if (row && !hasBase && row.seq <= surveyed.seq) return true
    const before = await surveyed.find(path)
    // Of one commit they are the same row, where nothing says otherwise.
    return compareContent(before, row) !== 'different' && before?.seq === row?.seq
  }
}
