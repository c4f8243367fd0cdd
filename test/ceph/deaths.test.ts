// Processes that are killed or stopped, on a real Ceph RADOS gateway (see work.test.ts).
import { deathSuite } from '../processes/suite.ts'
import { cephUrl } from './gateway.ts'

deathSuite('processes on Ceph', { urlOf: scenario => cephUrl(`processes/${scenario}`), crowd: 16, kills: 2 })
