// The script of a report's page: runs in a browser, from a file, without any request. Built into dist/cli/report/page.js, d3 included.
import { axisTop, scaleTime, select } from 'd3'
import type { PageData, PageRun } from '../page-data.ts'
import { Controls } from './controls.ts'
import { shownRuns } from './filter.ts'
import { drawLanes, type Frame, type Lane } from './lanes.ts'
import { drawOverview, loadOf } from './overview.ts'
import { endOf, segmentsOf, spanOf, workedOf } from './segments.ts'
import { TipBox } from './tip.ts'
import { tipOfCommit, tipOfHolding, tipOfRun } from './tips.ts'
import { counted, moment, showable, tick } from './words.ts'

const LEGEND: readonly (readonly [kind: string, name: string])[] = [
  ['idle', 'before its first write'],
  ['working', 'working'],
  ['waiting', 'its fold waits for others'],
  ['folding', 'folding'],
  ['folded', 'folded'],
  ['left', 'failed or left: nobody owns it'],
  ['discarded', 'discarded'],
]
const AXIS = 26

const data: PageData = JSON.parse(document.getElementById('data')?.textContent ?? '')
const { at: now } = data
const main = select('body').append('main')
const tips = new TipBox()

main.append('h1').text(data.namespace)
main
  .append('p')
  .attr('class', 'sub')
  .text(
    `runlet report: ${counted(data.runs.length, 'run')}, ${counted(data.commits.length, 'commit')}, ${counted(data.locks.length, 'lock')}; as of ${moment(now)}` +
      (data.unread > 0 ? `; ${counted(data.unread, 'older run')} not shown` : ''),
  )
const controls = new Controls(main, data, () => draw())
const legend = main.append('div').attr('class', 'legend')
for (const [kind, name] of LEGEND) {
  const entry = legend.append('span')
  entry.append('i').attr('class', kind)
  entry.append('span').text(name)
}
const count = legend.append('span').attr('class', 'count').attr('role', 'status')
const overview = svg(main, 'overview', 'how many runs there were at a time')
const axis = svg(main.append<HTMLElement>('div').attr('class', 'axis-top'), 'axis', 'time')
const commits = svg(main, 'commits', 'commits of the namespace')
const runs = svg(main, 'runs', 'runs, a lane each')
const empty = main.append('p').attr('class', 'empty').text('No run is like that.')
const locksTitle = main.append('h2').text('Locks: the last holdings of each')
const locks = svg(main, 'locks', 'locks, a lane each')

/** All the time that there is something to show of, and a little more. */
const times = [
  ...data.runs.flatMap(run => spanOf(run, now)),
  ...data.locks.flatMap(({ holdings }) =>
    holdings.flatMap(({ at, waitedMs, heldMs = 0 }) => [at - waitedMs, at + heldMs]),
  ),
].map(showable)
const first = times.reduce((a, b) => Math.min(a, b), now)
const last = times.reduce((a, b) => Math.max(a, b), first + 1000)
const margin = (last - first) / 100
const whole: [number, number] = [showable(first - margin), showable(last + margin)]
const worked = data.runs.flatMap(run => workedOf(run, now))
const load = loadOf(worked.map(([from, to]) => [showable(from), showable(to)]))

draw()
performance.mark('drawn')
new ResizeObserver(() => {
  if (roomFor() !== Number(runs.attr('width'))) draw()
}).observe(main.node() as HTMLElement)

/** The width inside of the page's margins. */
function roomFor(): number {
  const style = getComputedStyle(main.node() as HTMLElement)
  const width = (main.node() as HTMLElement).clientWidth
  return Math.floor(width - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight))
}

function draw(): void {
  const width = roomFor()
  const left = Math.min(260, Math.max(120, Math.floor(width * 0.22)))
  const { filter } = controls
  const x = scaleTime(filter.time ?? whole, [left, width - 8])
  const frame: Frame = { x, width, left }
  const shown = shownRuns(data.runs, filter, now)
  count.text(`${shown.length.toLocaleString('en-US')} of ${counted(data.runs.length, 'run')}`)
  tips.hide()
  drawOverview(overview, { load, x: scaleTime(whole, [left, width - 8]), width, time: filter.time }, time =>
    controls.chooseTime(time),
  )
  axis.attr('width', width).attr('height', AXIS)
  axis.selectAll('*').remove()
  const ticks = Math.max(2, (width - left) / 110)
  axis
    .append('g')
    .attr('class', 'axis')
    .attr('transform', `translate(0,${AXIS})`)
    .call(axisTop(x).ticks(ticks).tickFormat(tick).tickSizeOuter(0))
  drawLanes(commits, [laneOfCommits()], frame, tips)
  drawLanes(runs, shown.map(laneOfRun), frame, tips)
  runs.selectAll<SVGGElement, Lane>('.lane').on('dblclick', (_, { time }) => controls.chooseTime(time))
  empty.property('hidden', shown.length > 0)
  locksTitle.property('hidden', data.locks.length === 0)
  drawLanes(locks, data.locks.map(laneOfLock), frame, tips)
}

function laneOfRun(run: PageRun): Lane {
  const stretches = segmentsOf(run, now).map(({ phase, from, to }) =>
    phase === 'left' ? { from, to, kind: leftAs(run), faint: true } : { from, to, kind: phase },
  )
  const isOver = run.fate !== 'working' && run.fate !== 'folding'
  const marks = isOver && run.endedAt !== undefined ? [{ at: run.endedAt, kind: run.fate }] : []
  const [from, to] = [run.forkedAt, endOf(run, now)]
  const margin = Math.max(1000, (to - from) / 2)
  const time = [showable(from - margin), showable(to + margin)] as const
  return { key: run.fork, name: run.id, kind: run.fate, stretches, marks, tip: tipOfRun(run, now), time }
}

/** As what it was left: now, or before somebody took it over. */
function leftAs({ fate, left }: PageRun): string {
  return fate === 'kept' || fate === 'gone' ? fate : (left?.as ?? fate)
}

function laneOfCommits(): Lane {
  const marks = data.commits.map(commit => {
    return { at: commit.at, kind: commit.run === undefined ? 'direct' : 'folded', tip: tipOfCommit(commit) }
  })
  return { key: 'commits', name: 'commits', kind: 'direct', stretches: [], marks }
}

function laneOfLock({ name, holdings }: PageData['locks'][number]): Lane {
  const stretches = holdings.flatMap(holding => {
    const { at, waitedMs, heldMs, lastSeenAt = at, state } = holding
    const tip = tipOfHolding(name, holding, now)
    const held = {
      from: at,
      to: heldMs === undefined ? (state === 'held' ? now : Math.max(at, lastSeenAt)) : at + heldMs,
      kind: state,
      tip,
    }
    return waitedMs > 0 ? [{ from: at - waitedMs, to: at, kind: 'waiting', beside: true, tip }, held] : [held]
  })
  return { key: name, name, kind: holdings[0]?.state ?? 'released', stretches, marks: [] }
}

function svg(parent: Pick<typeof main, 'node'>, id: string, label: string) {
  const node = select(parent.node() as HTMLElement)
    .append('svg')
    .attr('id', id)
    .attr('role', 'img')
    .attr('aria-label', label)
    .node()
  return select(node as SVGSVGElement)
}
