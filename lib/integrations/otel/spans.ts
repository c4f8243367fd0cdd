// Spans. An event comes when the thing has ended, so a span is made whole: it began as long ago as the event says. Its parent is
// the span that is active where the event was published, which is where runlet was called (lib/events.ts); so what upkeep in the
// background does belongs to the span that made it due, and may end after it.
import { type Attributes, SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api'
import { systemAmbient } from '../../ambient.ts'
import type { CommitEvent, EventOutcome, FoldEvent, LeaseEvent, RequestEvent } from '../../events.ts'
import { failureOf, whereabouts } from './attributes.ts'
import type { Listeners } from './listeners.ts'

interface Ended {
  readonly name: string
  readonly kind?: SpanKind
  readonly durationMs: number
  readonly attributes: Attributes
  readonly outcome?: EventOutcome
}

export function recordSpans(tracer: Tracer): Listeners {
  const record = (ended: Ended | undefined) => ended && recordSpan(tracer, ended)
  return {
    'runlet:request': event => record(spanOfRequest(event)),
    'runlet:commit': event => record(spanOfCommit(event)),
    'runlet:fold': event => record(spanOfFold(event)),
    'runlet:lease': event => record(spanOfLease(event)),
  }
}

function recordSpan(
  tracer: Tracer,
  { name, kind = SpanKind.INTERNAL, durationMs, attributes, outcome = 'ok' }: Ended,
): void {
  const endTime = systemAmbient.now()
  const span = tracer.startSpan(name, {
    kind,
    startTime: endTime - durationMs,
    attributes: { ...attributes, ...failureOf(outcome) },
  })
  if (outcome !== 'ok' && !NO_FAULT.has(outcome)) span.setStatus({ code: SpanStatusCode.ERROR, message: outcome })
  span.end(endTime)
}

/** Another writer was faster, which is how the protocols find it out; or nobody wanted the answer any more. */
const NO_FAULT = new Set<EventOutcome>(['ERR_RUNLET_PRECONDITION_FAILED', 'ERR_RUNLET_ABORTED'])

function spanOfRequest(event: RequestEvent): Ended {
  const { operation, bytesUp, bytesDown, durationMs, outcome } = event
  const attributes = {
    'runlet.operation': operation,
    ...whereabouts(event),
    'runlet.bytes_up': bytesUp,
    'runlet.bytes_down': bytesDown,
  }
  return { name: `runlet.request ${operation}`, kind: SpanKind.CLIENT, durationMs, attributes, outcome }
}

function spanOfCommit({ namespace, seq, id, author, rows, batchSize, durationMs }: CommitEvent): Ended {
  const attributes = {
    'runlet.namespace': namespace,
    'runlet.seq': seq,
    'runlet.commit.id': id,
    'runlet.author': author,
    'runlet.rows': rows,
    'runlet.batch_size': batchSize,
  }
  return { name: 'runlet.commit', durationMs, attributes }
}

function spanOfFold(event: FoldEvent): Ended {
  const { namespace, run, requests, durationMs, outcome } = event
  const attributes = { 'runlet.namespace': namespace, 'runlet.run': run, 'runlet.requests': requests }
  const name = 'runlet.fold'
  if (event.outcome !== 'ok') return { name, durationMs, attributes, outcome }
  const { seq, rows, batchSize, waitedMs, heldMs } = event
  const result = {
    'runlet.seq': seq,
    'runlet.rows': rows,
    'runlet.batch_size': batchSize,
    'runlet.waited_ms': waitedMs,
    'runlet.held_ms': heldMs,
  }
  return { name, durationMs, attributes: { ...attributes, ...result } }
}

/** A span for the wait when there was one, told at its end; and one for the time that it was held. */
function spanOfLease({ lease, key, what, token, label, waitedMs, heldMs }: LeaseEvent): Ended | undefined {
  const attributes = {
    'runlet.lease.name': lease,
    'runlet.key': key,
    'runlet.lease.token': token,
    'runlet.lease.label': label,
    'runlet.lease.step': what,
  }
  switch (what) {
    case 'acquired':
    case 'taken-over':
      return waitedMs > 0 ? { name: 'runlet.lease.wait', durationMs: waitedMs, attributes } : undefined
    case 'timed-out':
      return { name: 'runlet.lease.wait', durationMs: waitedMs, attributes, outcome: 'ERR_RUNLET_LOCK_TIMEOUT' }
    case 'released':
    case 'abandoned':
      return { name: 'runlet.lease.hold', durationMs: heldMs, attributes }
    case 'lost':
      return { name: 'runlet.lease.hold', durationMs: heldMs, attributes, outcome: 'ERR_RUNLET_LEASE_LOST' }
    default:
      return undefined // waiting, renewed: not an end
  }
}
