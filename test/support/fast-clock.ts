// The system's surroundings with a clock that runs faster: leases of the dead run out while a test can wait for it. The wall clock
// stays as it is, for files have its times.
import { type Ambient, systemAmbient } from '../../lib/ambient.ts'

export function fastClock(speed: number): Ambient {
  return {
    ...systemAmbient,
    monotonic: () => systemAmbient.monotonic() * speed,
    sleep: (ms, options) => systemAmbient.sleep(ms / speed, options),
  }
}
