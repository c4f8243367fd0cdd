// Processes that are killed at work or come in crowds, on a real Ceph RADOS gateway: its losers' answers (412, 409, 500) surface
// to nobody, for a worker that meets an error which is no part of the protocol fails its test.
import { workSuite } from '../processes/suite.ts'
import { cephUrl } from './gateway.ts'

workSuite('processes on Ceph', { urlOf: scenario => cephUrl(`processes/${scenario}`), crowd: 16, kills: 2 })
