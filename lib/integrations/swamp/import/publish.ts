// Rows on their way into a namespace, however many: written to index files as they come, and made visible by one change of the head. Until
// then nobody sees any of them; a process that is killed leaves files that nothing refers to, for the sweep.
import type { Outcome } from '../../../namespace/batch.ts'
import type { Change } from '../../../namespace/change.ts'
import { commit } from '../../../namespace/commit.ts'
import { errorOf, type Signing } from '../../../namespace/committer.ts'
import { nothingStands } from '../../../namespace/index-store.ts'
import type { LevelWriter } from '../../../namespace/level-writer.ts'
import { INLINE_IN_SHARD } from '../../../namespace/merge-layers.ts'
import type { OpenNamespace } from '../../../namespace/namespace.ts'
import { newId } from '../../../namespace/object-id.ts'
import { packValues } from '../../../namespace/packs.ts'
import type { Row } from '../../../namespace/row.ts'
import type { View } from '../../../namespace/view.ts'
import { type Moment, momentOf } from '../../../store/grace.ts'

export class Publication {
  count = 0
  readonly #namespace: OpenNamespace
  readonly #writer: LevelWriter<Row>
  readonly #began: Moment

  constructor(namespace: OpenNamespace) {
    this.#namespace = namespace
    this.#began = momentOf(namespace.ambient)
    const { index, name } = namespace
    this.#writer = index.shardWriter({
      open: nothingStands,
      write: async rows => {
        const packed = packValues(namespace, rows, INLINE_IN_SHARD)
        const [ref] = await Promise.all([index.putShard(name, packed.rows, 0), packed.stored])
        return ref
      },
    })
  }

  /** The next row, in path order. */
  async add(row: Row): Promise<void> {
    this.count += 1
    await this.#writer.add(row)
  }

  /**
   * Commits them all at once, as made against `base`; resolves to the seq, or to `conflict` when somebody else wrote one of the paths
   * since. Undefined when there are none.
   */
  async commit(base: View, signing: Signing, message: string): Promise<number | 'conflict' | undefined> {
    if (this.count === 0) return undefined
    const { ambient, index, name } = this.#namespace
    const files = await index.gather(name, await this.#writer.finish())
    const change: Change = {
      id: newId(ambient),
      since: base.seq,
      sinceFork: base.fork,
      base: async () => base,
      at: ambient.now(),
      ...signing,
      message,
      began: this.#began,
      sets: [{ files, count: this.count }],
    }
    const [outcome] = (await commit(this.#namespace, [change])) as [Outcome]
    if (outcome.kind === 'conflict') return 'conflict'
    if (outcome.kind !== 'committed') throw errorOf(this.#namespace, outcome)
    this.#namespace.committer.maintain()
    return outcome.seq
  }
}
