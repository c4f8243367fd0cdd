// The tables of the days.
import { table } from '../report.ts'
import { DAY_NETWORKS, type DayFigures, type DayNetwork, type Results } from './figures.ts'
import { bytes, count, dollars, percent, time } from './format.ts'
import { requestsOf } from './network.ts'
import { TITLES } from './ways.ts'

const NAMES: Readonly<Record<DayNetwork, string>> = { region: 'Within a region', reported: 'On the reported link' }

export function dayTables({ days }: Results): string[] {
  return (Object.keys(DAY_NETWORKS) as DayNetwork[]).flatMap(network => {
    const all = days.filter(day => day.network === network)
    return [`### ${NAMES[network]}`, writes(all), byKind(all), costs(all)]
  })
}

function writes(days: readonly DayFigures[]): string {
  const rows = days.map(({ way, due, done, skipped, p50, p99, holdP50, holdMax }) => [
    TITLES[way],
    count(due),
    percent(done / due),
    count(due - skipped - done),
    count(skipped),
    time(p50),
    time(p99),
    time(holdP50),
    time(holdMax),
  ])
  const head = ['way', 'writes due', 'done', 'gave up', 'skipped', 'p50', 'p99', 'hold, p50', 'longest']
  return table(head, rows)
}

function byKind(days: readonly DayFigures[]): string {
  const kinds = Object.keys(days[0]?.kinds ?? {})
  const rows = days.map(({ way, kinds: all }) => [
    TITLES[way],
    ...Object.values(all).map(
      ({ due, done, p50, p99 }) => `${count(done)} of ${count(due)}, ${time(p50)} / ${time(p99)}`,
    ),
  ])
  return table(['done, p50 / p99', ...kinds], rows)
}

function costs(days: readonly DayFigures[]): string {
  const rows = days.map(({ way, traffic, storedBytes, bill }) => [
    TITLES[way],
    count(requestsOf(traffic)),
    `${count(traffic.puts + traffic.lists)} / ${count(traffic.gets)}`,
    bytes(traffic.bytesUp),
    bytes(traffic.bytesDown),
    bytes(storedBytes),
    dollars(bill.inRegion),
    dollars(bill.withEgress),
  ])
  const head = ['way', 'requests', 'put and list / get', 'up', 'down', 'stored', '$ a month, in region', 'with egress']
  return table(head, rows)
}
