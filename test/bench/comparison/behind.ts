// Where one of today's ways does better than runlet, found in the figures: so that the page says it whatever they are.
import type { DayFigures, DayNetwork, Results } from './figures.ts'
import { bytes, count, dollars, rounded, time } from './format.ts'
import type { Cell } from './matrix.ts'
import { requestsOf } from './network.ts'
import { isLocked, TITLES, type WayName } from './ways.ts'

interface Measure<T> {
  readonly what: string
  readonly of: (one: T) => number
  readonly show: (value: number) => string
}

const CELLS: readonly Measure<Cell>[] = [
  { what: 'p50', of: ({ p50 }) => p50, show: time },
  { what: 'p99', of: ({ p99 }) => p99, show: time },
  { what: 'requests of a write', of: ({ requests }) => requests, show: rounded },
  { what: 'bytes of a write', of: cell => cell.bytes, show: bytes },
]
const DAYS: readonly Measure<DayFigures>[] = [
  { what: 'p50', of: ({ p50 }) => p50, show: time },
  { what: 'p99', of: ({ p99 }) => p99, show: time },
  { what: 'requests', of: ({ traffic }) => requestsOf(traffic), show: count },
  { what: 'dollars a month in region', of: ({ bill }) => bill.inRegion, show: dollars },
  { what: 'dollars a month with egress', of: ({ bill }) => bill.withEgress, show: dollars },
]

/** All figures in which the best of today's ways is better. */
export function behind({ matrix, s3, ceph = [], days }: Results): string {
  const parts: Record<string, readonly string[]> = {
    'Writers at once, on virtual time': comparedIn(crowdsOf(matrix), CELLS),
    'Real processes, on the counting S3 server': comparedIn(crowdsOf(s3), CELLS),
    'Real processes, on Ceph': comparedIn(crowdsOf(ceph), CELLS),
    'A day': comparedIn(
      groups(days, ({ network }) => DAY_NAMES[network]),
      DAYS,
    ),
  }
  return Object.entries(parts)
    .map(([title, lines]) => `### ${title}\n\n${lines.length > 0 ? lines.join('\n') : 'Nowhere in these figures.'}`)
    .join('\n\n')
}

const DAY_NAMES: Readonly<Record<DayNetwork, string>> = { region: 'within a region', reported: 'on the reported link' }

function crowdsOf(cells: readonly Cell[]): Group<Cell>[] {
  return groups(cells, ({ rows, writers }) => `${count(rows)} rows, ${writers} at once`)
}

type Group<T> = readonly [name: string, all: readonly T[]]

function groups<T>(all: readonly T[], nameOf: (one: T) => string): Group<T>[] {
  const names = [...new Set(all.map(nameOf))]
  return names.map(name => [name, all.filter(one => nameOf(one) === name)])
}

/** One line for each measure and way of runlet. */
function comparedIn<T extends { readonly way: WayName }>(
  all: readonly Group<T>[],
  measures: readonly Measure<T>[],
): string[] {
  return measures.flatMap(measure =>
    (['direct', 'runs'] as const).flatMap(way => {
      const lost = all.flatMap(([name, group]) => lostIn(name, group, measure, way))
      return lost.length > 0 ? [`- ${TITLES[way]}, ${measure.what}: ${lost.join('; ')}`] : []
    }),
  )
}

function lostIn<T extends { readonly way: WayName }>(
  name: string,
  group: readonly T[],
  { of, show }: Measure<T>,
  way: WayName,
): string[] {
  const own = group.find(one => one.way === way)
  const today = group.filter(one => isLocked(one.way)).toSorted((a, b) => of(a) - of(b))[0]
  if (!own || !today || of(own) <= of(today)) return []
  return [`${name}, ${show(of(own))} against ${show(of(today))} of ${TITLES[today.way].slice(0, 3)}`]
}
