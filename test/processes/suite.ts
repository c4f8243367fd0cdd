// Real processes on one store, killed and stopped for real: what simulation shows of the protocols on virtual time must hold where
// a dying process leaves its files, sockets and leases behind. Every kind of store that processes can share passes it unchanged.
import { describe } from 'node:test'
import { crowds } from './crowds.ts'
import { eachDeath } from './each-death.ts'
import { killedCompactors } from './killed-compactors.ts'
import { killedFolders } from './killed-folders.ts'
import { killedPullers } from './killed-pullers.ts'
import { killedPushers } from './killed-pushers.ts'
import { killedWriters } from './killed-writers.ts'
import type { Ground } from './place.ts'
import { sameId } from './same-id.ts'
import { sharedCopy } from './shared-copy.ts'
import { stoppedOwners } from './stopped-owners.ts'
import { stoppedUpkeep } from './stopped-upkeep.ts'

/** These wait for leases of the dead most of the time, so they do it together. */
export function deathSuite(name: string, ground: Ground): void {
  describe(`${name} that are killed or stopped`, { concurrency: 3 }, () => {
    killedFolders(ground)
    killedWriters(ground)
    eachDeath(ground)
    stoppedOwners(ground)
    stoppedUpkeep(ground)
  })
}

/** And these have something to do all the time. */
export function workSuite(name: string, ground: Ground): void {
  describe(`${name} that are killed over and over`, () => {
    killedCompactors(ground)
    killedPushers(ground)
    killedPullers(ground)
    sharedCopy(ground)
  })
  describe(`${name} that come in crowds`, () => {
    sameId(ground)
    crowds(ground)
  })
}
