// What workflows that nobody started again have left in the repository, settled by the next driver: once the run has ended, because a sweep
// gave it up or because its driver died after the fold, its worktree goes, and unless its work was folded its branch too.
// A workflow that can still be gone on with, or that somebody works on, keeps all.
import type { Namespace } from 'runlet'
import { parseState, phaseUpon } from './state.ts'
import { begun, finish, forget } from './worktree.ts'

export async function settleLeftovers(repository: string, namespace: Namespace, mark: string): Promise<void> {
  for (const id of await begun(repository, mark)) {
    if ((await namespace.runs(id)).length > 0) continue
    const path = `adw/${id}/state.json`
    const found = await namespace.get(path)
    if (!found) await forget(repository, id)
    else if (!phaseUpon(parseState(Buffer.from(found).toString(), path).transitions.at(-1)))
      await finish(repository, id, mark)
  }
}
