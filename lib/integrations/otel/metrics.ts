// Metrics. Times are in seconds, as the semantic conventions want them; the bounds of their histograms too.
import type { Attributes, Histogram, Meter } from '@opentelemetry/api'
import type { CommitEvent, FoldEvent, LeaseEvent, RequestEvent } from '../../events.ts'
import { failureOf, kindOfLease, kindOfStore, rootOf } from './attributes.ts'
import type { Listeners } from './listeners.ts'

/** What the semantic conventions advise for durations. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
/** Locks are waited for, and held, for as long as people's work takes. */
const LONG = [...SECONDS, 30, 60, 300, 900, 3600, 14400]

export function recordMetrics(meter: Meter): Listeners {
  return {
    'runlet:request': countRequests(meter),
    'runlet:commit': countCommits(meter),
    'runlet:fold': countFolds(meter),
    'runlet:lease': countLeases(meter),
  }
}

function countRequests(meter: Meter): (event: RequestEvent) => void {
  const count = meter.createCounter('runlet.requests', { unit: '{request}', description: 'Requests at the store' })
  const bytes = meter.createCounter('runlet.request.io', { unit: 'By', description: 'Bodies of requests and answers' })
  const duration = durations(meter, 'runlet.request.duration', 'How long requests took')
  return ({ store, operation, bytesUp, bytesDown, durationMs, outcome }) => {
    const about = { 'runlet.store': kindOfStore(store), 'runlet.operation': operation }
    const attributes = { ...about, ...failureOf(outcome) }
    count.add(1, attributes)
    if (bytesUp > 0) bytes.add(bytesUp, { ...about, 'network.io.direction': 'transmit' })
    if (bytesDown > 0) bytes.add(bytesDown, { ...about, 'network.io.direction': 'receive' })
    recordMs(duration, durationMs, attributes)
  }
}

function countCommits(meter: Meter): (event: CommitEvent) => void {
  const description = 'Commits that this process brought into a head'
  const count = meter.createCounter('runlet.commits', { unit: '{commit}', description })
  const rows = meter.createCounter('runlet.commit.rows', { unit: '{row}', description: 'Paths put or deleted by them' })
  const duration = durations(meter, 'runlet.commit.duration', 'From taking a commit up to the swap that stood')
  return event => {
    const attributes = { 'runlet.namespace': rootOf(event.namespace) }
    count.add(1, attributes)
    rows.add(event.rows, attributes)
    recordMs(duration, event.durationMs, attributes)
  }
}

function countFolds(meter: Meter): (event: FoldEvent) => void {
  const description = 'Folds that ended, by outcome: conflicts too'
  const count = meter.createCounter('runlet.folds', { unit: '{fold}', description })
  const duration = durations(meter, 'runlet.fold.duration', 'How long folds took')
  const wait = durations(meter, 'runlet.fold.wait', 'How long folds waited for the merge lease', LONG)
  const hold = durations(meter, 'runlet.fold.hold', 'How long folds held the merge lease')
  return event => {
    const about = { 'runlet.namespace': rootOf(event.namespace) }
    const attributes = { ...about, ...failureOf(event.outcome) }
    count.add(1, attributes)
    recordMs(duration, event.durationMs, attributes)
    if (event.outcome !== 'ok') return
    recordMs(wait, event.waitedMs, about)
    // Of a fold that another process committed, that one held it.
    if (event.heldMs > 0) recordMs(hold, event.heldMs, about)
  }
}

function countLeases(meter: Meter): (event: LeaseEvent) => void {
  const description = 'Steps in the lives of leases: timed-out, taken-over and lost among them'
  const steps = meter.createCounter('runlet.lease.steps', { unit: '{step}', description })
  const wait = durations(meter, 'runlet.lease.wait', 'How long a lease was waited for, in vain too', LONG)
  const hold = durations(meter, 'runlet.lease.hold', 'How long a lease was held', LONG)
  return ({ lease, what, waitedMs, heldMs }) => {
    const attributes = { 'runlet.lease.kind': kindOfLease(lease), 'runlet.lease.step': what }
    steps.add(1, attributes)
    if (what === 'acquired' || what === 'taken-over' || what === 'timed-out') recordMs(wait, waitedMs, attributes)
    if (what === 'released' || what === 'abandoned' || what === 'lost') recordMs(hold, heldMs, attributes)
  }
}

function durations(meter: Meter, name: string, description: string, bounds = SECONDS): Histogram {
  return meter.createHistogram(name, { unit: 's', description, advice: { explicitBucketBoundaries: bounds } })
}

const recordMs = (histogram: Histogram, ms: number, attributes: Attributes) => histogram.record(ms / 1000, attributes)
