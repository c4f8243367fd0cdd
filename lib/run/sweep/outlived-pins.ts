// Pins that a run has outlived. Each refresh leaves the pin from before, for the runs that were forked meanwhile; a run that lives for weeks
// would gather them, and all that they hold of the parent. One may go when no run stands on it, and no read or write that began by it goes on:
// as long after a sweep saw that the run had moved on as makes an orphan (store/grace.ts). That takes two sweeps, for of when a refresh was
// the store's clock does not tell. The pin of a fork that chose `fold` stays until the end: for a sweep nothing else says so (dead-runs.ts).
import { type Head, hasEnded } from '../../namespace/head.ts'
import type { OpenNamespace } from '../../namespace/namespace.ts'
import { orphanAgeOf } from '../../store/grace.ts'
import type { Version } from '../../store/register.ts'
import { isOfRefresh, listForks, removePins } from '../pin.ts'
import { noteGone, type PinnedRun, raiseSweeps, type Sweeping } from './sweeping.ts'

type OldBase = NonNullable<Head['oldBases']>[number]

/** `head`: the run's, as it was just read. */
export async function removeOutlived(run: PinnedRun, head: Version<Head>, sweeping: Sweeping): Promise<void> {
  const { parent, child, forks } = run
  const { serverTime } = head
  const old = head.value.oldBases ?? []
  if (old.length === 0 || serverTime === undefined) return
  const unseen = old.filter(base => base.seenAt === undefined)
  if (unseen.length > 0 && !sweeping.dryRun) await change(child, unseen, base => [{ ...base, seenAt: serverTime }])
  const isKept = (base: OldBase) => head.value.run?.onError === 'fold' && !isOfRefresh(base)
  const isRipe = ({ seenAt = serverTime }: OldBase) => serverTime - seenAt > orphanAgeOf(child.store)
  const ripe = old.filter(base => isRipe(base) && !isKept(base))
  if (ripe.length === 0) return
  if (!sweeping.dryRun) await raiseSweeps(child)
  const standing = await listForks(child)
  const gone = ripe.filter(({ until = Number.POSITIVE_INFINITY }) => standing.every(({ seq }) => seq >= until))
  if (gone.length === 0) return
  if (!sweeping.dryRun) {
    const { value } = await change(child, gone, () => [])
    if (hasEnded(value.state)) return // its end takes them away
    await removePins(parent, child.name, gone)
  }
  const names = new Set(gone.map(({ fork }) => fork))
  noteGone(
    forks.filter(({ fork }) => names.has(fork)),
    sweeping,
  )
}

/** Puts others in the place of those old bases that are meant, should the run not have ended. */
function change(
  child: OpenNamespace,
  meant: readonly OldBase[],
  replace: (base: OldBase) => OldBase[],
): Promise<Version<Head>> {
  const names = new Set(meant.map(({ fork }) => fork))
  return child.head.update(({ write: _, ...head }) => {
    const { oldBases = [] } = head
    if (hasEnded(head.state) || !oldBases.some(({ fork }) => names.has(fork))) return undefined
    return { ...head, oldBases: oldBases.flatMap(base => (names.has(base.fork) ? replace(base) : [base])) }
  })
}
