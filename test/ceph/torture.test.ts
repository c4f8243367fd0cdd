// The torture on a real Ceph RADOS gateway. `npm run torture -- --ceph --minutes 10` makes it longer.
import { torture } from '../processes/torture.ts'
import { cephUrl } from './gateway.ts'

const { RUNLET_TORTURE_MINUTES: minutes } = process.env

torture(
  { urlOf: scenario => cephUrl(`processes/${scenario}`), crowd: 0, kills: 0 },
  { forMs: minutes ? Number(minutes) * 60_000 : 20_000 },
)
