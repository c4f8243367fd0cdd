// Some days of the comparison, on one network, as a process of its own beside the rest of the simulation: says what it does, and answers
// with the figures.
//   node --import tsx days-main.ts <network> <way>…
import { Base } from './base.ts'
import { liveThrough } from './day.ts'
import { DAY_NETWORKS, type DayFigures, type DayNetwork, figuresOfDay, REPORTED_INDEX_BYTES } from './figures.ts'
import { isLocked, type WayName } from './ways.ts'

const DAY_ROWS = 262_000

export type Said = { readonly step: string } | { readonly days: readonly DayFigures[] }
const say = (said: Said) => process.send?.(said)

const [network, ...ways] = process.argv.slice(2) as [DayNetwork, ...string[]]
say({ step: `building ${DAY_ROWS} rows` })
const base = await Base.build(DAY_ROWS)
const days: DayFigures[] = []
for (const way of ways as WayName[]) {
  say({ step: `${network}, ${way}` })
  const contents = isLocked(way) ? await base.locked(way, REPORTED_INDEX_BYTES) : base.runlet
  days.push(figuresOfDay(way, network, await liveThrough(contents, way, DAY_NETWORKS[network])))
}
say({ days })
process.disconnect?.()
