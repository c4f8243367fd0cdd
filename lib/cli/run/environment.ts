// What the program is told: where it writes, and as whose part. Any runlet command or library call inside works on the run.
import type { Run, Store } from '../../runlet.ts'

/** The variables to add to the program's environment. The token lets its writes be refused once the run has another owner (G7). */
export function environmentOf(store: Store, run: Run, folder: string): Record<string, string> {
  return {
    RUNLET_STORE: store.url,
    RUNLET_NAMESPACE: run.name,
    RUNLET_RUN_ID: run.id,
    RUNLET_DIR: folder,
    RUNLET_OWNER_TOKEN: String(run.token),
  }
}
