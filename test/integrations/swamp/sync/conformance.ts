// What swamp's core relies on in a sync service, sentence by sentence; a file of conformance/ for each part. Runs on any store.
import { after, before } from 'node:test'
import { describeCaches } from './conformance/caches.ts'
import { describeCatalogs } from './conformance/catalogs.ts'
import { describeConflicts } from './conformance/conflicts.ts'
import { describeHydration } from './conformance/hydration.ts'
import { describeMarks } from './conformance/marks.ts'
import { describeNamespaces } from './conformance/namespaces.ts'
import { describeScopes } from './conformance/scopes.ts'
import { describeService } from './conformance/service.ts'
import { describeSignals } from './conformance/signals.ts'
import { describeTwoPhases } from './conformance/two-phases.ts'
import { aWorld, type Harness, type World } from './world.ts'

export function describeSyncService(store: string, makeHarness: () => Promise<Harness>): void {
  let harness: Harness
  const worlds: World[] = []
  before(async () => {
    harness = await makeHarness()
  })
  after(async () => {
    for (const world of worlds) await world.close()
    await harness.close()
  })
  const fresh = async () => {
    const world = await aWorld(harness)
    worlds.push(world)
    return world
  }

  describeService(store, fresh)
  describeMarks(store, fresh)
  describeScopes(store, fresh)
  describeTwoPhases(store, fresh)
  describeConflicts(store, fresh)
  describeHydration(store, fresh)
  describeNamespaces(store, fresh)
  describeCatalogs(store, fresh)
  describeSignals(store, fresh)
  describeCaches(store, fresh)
}
