// What a run changed since its fork: its own layers, compared path by path with the state that it was forked from. Costs what the run
// changed, not what its parent holds (G8). Says nothing of what the parent did since: that is the fold's.
import type { Path } from '../names.ts'
import type { OpenNamespace } from '../namespace/namespace.ts'
import { isFile } from '../namespace/row.ts'

/** What a run did to one path. */
export interface Change {
  /** The path. */
  readonly path: Path
  /** Compared with what the run was forked from. */
  readonly change: 'added' | 'modified' | 'deleted'
}

/** The changes of a run as of now. A path that it put back as it was is none. */
export async function* changesOf({ head, views, values, name }: OpenNamespace): AsyncGenerator<Change> {
  const { value } = await head.refresh()
  const before = value.base && (await views.baseView(name, value.base))
  for await (const row of views.view(value).scanOwn()) {
    const base = await before?.find(row.path)
    if (await values.sameContent(base, row)) continue
    const change = isFile(row) ? (base ? 'modified' : 'added') : 'deleted'
    yield { path: row.path, change }
  }
}
