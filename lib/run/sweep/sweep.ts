// The sweep: finishes what crashes interrupted, treats runs without an owner as their forks chose, and deletes what nothing reaches. It
// needs no writer to pause, several can run at once, and its cost follows what there is to do, not what the store holds.
// The entry of this folder; carries G9, and its part of G6. Invariant: nothing is deleted that was not out of use for a grace period, and
// out of use still after the head was swapped and the forks were listed (delete-garbage.ts).
//
//   sweep-namespace -> dead-runs, tidy-queue, retention
//                   -> delete-garbage (what was listed) -> needed, ended-runs
//                   -> find-dropped, find-orphans (what is listed now) -> compare-trees, snapshots
import type { Ambient } from '../../ambient.ts'
import { isNamespaceName, type NamespaceName } from '../../names.ts'
import { type Meter, metered } from '../../store/metered-store.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { type SweepReport, Tally } from './report.ts'
import { removeLeftovers } from './store-leftovers.ts'
import { sweepFamily } from './sweep-namespace.ts'
import { openToSweep, type Sweeping } from './sweeping.ts'

export interface Sweep extends Omit<Sweeping, 'tally'> {
  /** Only this root namespace and its runs. */
  readonly namespace?: NamespaceName | undefined
}

export async function sweepStore(
  store: ObjectStore,
  ambient: Ambient,
  sweep: Sweep,
): Promise<SweepReport & Readonly<Meter>> {
  const meter: Meter = { requests: 0, bytesUp: 0, bytesDown: 0 }
  const tally = new Tally()
  await metered(meter, async () => {
    if (sweep.namespace) await sweepFamily(openToSweep(store, sweep.namespace, ambient), { ...sweep, tally })
    else await sweepBelow(store, ambient, { ...sweep, tally })
    if (!sweep.namespace && tally.now !== undefined) await removeLeftovers(store, { ...sweep, tally }, tally.now)
  })
  return { ...tally.report(sweep.dryRun), ...meter }
}

const ROOT = 'ns/'

/** Sweeps the namespaces that are no runs. One whose name has several segments (`team/project`) may lie in a folder that is none. */
async function sweepBelow(store: ObjectStore, ambient: Ambient, sweeping: Sweeping, folder = ROOT): Promise<void> {
  for await (const entry of store.list({ prefix: folder, delimiter: '/' })) {
    const name = entry.key.slice(ROOT.length, -1)
    if (entry.kind !== 'prefix' || !isNamespaceName(name)) continue
    const isThere = await sweepFamily(openToSweep(store, name, ambient), sweeping)
    if (!isThere) await sweepBelow(store, ambient, sweeping, entry.key)
  }
}
