// The torture on the embedded store, briefly. `npm run torture -- --minutes 10` makes it longer.
import { join } from 'node:path'
import { torture } from './torture.ts'

const { RUNLET_TORTURE_MINUTES: minutes } = process.env

torture(
  { urlOf: (_, folder) => `file:${join(folder, 'store')}`, crowd: 0, kills: 0 },
  { forMs: minutes ? Number(minutes) * 60_000 : 5_000 },
)
