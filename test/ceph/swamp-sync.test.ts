// What swamp's core relies on in a sync service, on a real Ceph RADOS gateway. Under Deno too: swamp-deno.test.ts.
import { describeSyncService } from '../integrations/swamp/sync/conformance.ts'
import { cephUrl } from './gateway.ts'

let stores = 0
describeSyncService('Ceph', async () => ({
  freshUrl: () => cephUrl(`swamp-sync/${process.pid}-${++stores}`),
  close: async () => {},
}))
