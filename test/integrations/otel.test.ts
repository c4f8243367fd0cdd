// runlet/otel against OpenTelemetry's own SDK: the real library on a memory store, exported in memory.
import assert from 'node:assert/strict'
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { context, diag, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  type DataPoint,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { ConflictError, LockTimeoutError } from '../../lib/errors.ts'
import { type LeaseEvent, publish } from '../../lib/events.ts'
import { observe } from '../../lib/integrations/otel/observe.ts'
import { type Namespace, openStore } from '../../lib/runlet.ts'
import { withRunNamespace } from '../../lib/with-run-namespace.ts'

/** What was observed while `program` ran on a namespace "p" of a new memory store. */
async function observed(program: (parent: Namespace, traced: Traced) => Promise<void>): Promise<Observed> {
  const exporter = new InMemorySpanExporter()
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 })
  const meterProvider = new MeterProvider({ readers: [reader] })
  const store = await openStore('memory:', { author: 'ada' })
  const parent = await store.namespace('p', { create: true })
  const stop = observe({ tracerProvider, meterProvider })
  try {
    const tracer = tracerProvider.getTracer('test')
    await program(parent, (name, work) => tracer.startActiveSpan(name, span => work(span).finally(() => span.end())))
    await store.close()
  } finally {
    stop()
  }
  await meterProvider.forceFlush()
  const metrics =
    metricExporter
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap(scope => scope.metrics) ?? []
  await meterProvider.shutdown()
  return {
    spans: exporter.getFinishedSpans(),
    metrics: new Map(metrics.map(({ descriptor, dataPoints }) => [descriptor.name, { ...descriptor, dataPoints }])),
  }
}

type Traced = (name: string, work: (span: Span) => Promise<unknown>) => Promise<unknown>

interface Observed {
  readonly spans: readonly ReadableSpan[]
  readonly metrics: ReadonlyMap<string, { unit: string; dataPoints: readonly DataPoint<unknown>[] }>
}

/** Resolves when `label` waits for a lock. */
const waiting = (label: string) =>
  new Promise<void>(resolve => {
    const note = (event: unknown) => {
      const step = event as LeaseEvent
      if (step.what !== 'waiting' || step.label !== label) return
      unsubscribe('runlet:lease', note)
      resolve()
    }
    subscribe('runlet:lease', note)
  })

const named = ({ spans }: Observed, name: string) => spans.filter(span => span.name === name)
const one = (all: Observed, name: string): ReadableSpan => {
  const [span, ...more] = named(all, name)
  assert.ok(span && more.length === 0, `${more.length + (span ? 1 : 0)} spans named ${name}`)
  return span
}
const msOf = ([seconds, nanos]: readonly [number, number]) => seconds * 1_000 + nanos / 1e6
const durationOf = (span: ReadableSpan) => msOf(span.duration)
const points = ({ metrics }: Observed, name: string) =>
  metrics.get(name)?.dataPoints.map(({ attributes, value }) => [attributes, value]) ?? []
const sum = (all: Observed, name: string) => points(all, name).reduce((total, [, value]) => total + Number(value), 0)

describe('runlet/otel', () => {
  before(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()))
  after(() => context.disable())

  test('makes a client span of each request, with how long it took and what it moved', async () => {
    const all = await observed(async parent => {
      await parent.put('a', 'hello')
      await parent.get('a')
    })
    const put = one(all, 'runlet.request put')
    assert.equal(put.kind, SpanKind.CLIENT)
    assert.equal(put.status.code, SpanStatusCode.UNSET)
    const { 'runlet.bytes_up': up, ...attributes } = put.attributes
    assert.ok(Number(up) > 100)
    assert.deepEqual(attributes, {
      'runlet.store': 'memory',
      'runlet.operation': 'put',
      'runlet.key': 'ns/p/_/head',
      'runlet.bytes_down': 0,
    })
    assert.ok(msOf(one(all, 'runlet.request get').startTime) >= msOf(put.startTime) - 1)
    assert.equal(one(all, 'runlet.commit').attributes['runlet.author'], 'ada')
    assert.equal(put.instrumentationScope.name, 'runlet')
    assert.match(put.instrumentationScope.version ?? '', /^\d+\.\d+\.\d+/)
  })

  test('has all of a run below the span that was active around it, and each span begin when its work did', async () => {
    let rootId: string | undefined
    const began = Date.now()
    const all = await observed((parent, traced) =>
      traced('build-1742', async span => {
        rootId = span.spanContext().spanId
        await withRunNamespace('r', run => run.put('a', '1'), { parent })
      }).then(() => undefined),
    )
    const ended = Date.now()
    const own = all.spans.filter(({ instrumentationScope }) => instrumentationScope.name === 'runlet')
    assert.ok(own.length > 10)
    for (const span of own) assert.equal(span.parentSpanContext?.spanId, rootId, `${span.name} has another parent`)
    const fold = one(all, 'runlet.fold')
    const { 'runlet.held_ms': held, 'runlet.waited_ms': waited, ...attributes } = fold.attributes
    assert.deepEqual(attributes, {
      'runlet.namespace': 'p',
      'runlet.run': 'p/r',
      'runlet.requests': attributes['runlet.requests'],
      'runlet.seq': 1,
      'runlet.rows': 1,
      'runlet.batch_size': 1,
    })
    assert.ok(Number(attributes['runlet.requests']) >= 8)
    assert.ok(Number(waited) >= 0 && Number(held) > 0)
    // By the millisecond: that is how fine the wall clock is.
    assert.ok(durationOf(fold) >= Number(held) && msOf(fold.startTime) >= began - 1 && msOf(fold.endTime) <= ended)
    const [seal] = named(all, 'runlet.request put').filter(span => msOf(span.startTime) >= msOf(fold.startTime) - 1)
    assert.ok(seal, 'no request of the fold lies within it')
  })

  test('tells two callers apart that share a commit loop', async () => {
    const all = await observed(async (parent, traced) => {
      const first = traced('first', () => parent.put('a', '1'))
      await Promise.resolve()
      await Promise.resolve()
      await Promise.all([first, traced('second', () => parent.put('b', '2', { message: 'apart' }))])
    })
    const parents = new Map(all.spans.map(span => [span.spanContext().spanId, span.name]))
    const commits = named(all, 'runlet.commit').map(span => [
      span.attributes['runlet.seq'],
      parents.get(span.parentSpanContext?.spanId ?? ''),
    ])
    assert.deepEqual(commits, [
      [1, 'first'],
      [2, 'second'],
    ])
  })

  test('shows who waited for a lock and who held it, and a wait in vain as an error', async () => {
    const all = await observed(async parent => {
      const [entered, release] = [new AbortController(), new AbortController()]
      const hold = () => {
        entered.abort()
        return once(release.signal, 'abort')
      }
      const first = parent.lock('deploy', hold, { label: 'first' })
      await once(entered.signal, 'abort')
      await assert.rejects(
        parent.lock('deploy', () => undefined, { label: 'hasty', waitMs: 50 }),
        LockTimeoutError,
      )
      const asked = waiting('second')
      const second = parent.lock('deploy', () => undefined, { label: 'second' })
      await asked
      release.abort()
      await Promise.all([first, second])
    })
    const [vain, waited] = named(all, 'runlet.lease.wait')
    assert.ok(vain)
    assert.equal(vain.status.code, SpanStatusCode.ERROR)
    assert.equal(vain.attributes['error.type'], 'ERR_RUNLET_LOCK_TIMEOUT')
    assert.ok(durationOf(vain) > 49)
    assert.equal(vain.attributes['runlet.lease.label'], 'hasty')
    assert.equal(waited?.attributes['runlet.lease.label'], 'second')
    assert.equal(waited.status.code, SpanStatusCode.UNSET)
    const held = named(all, 'runlet.lease.hold')
    assert.deepEqual(
      held.map(span => [span.attributes['runlet.lease.label'], span.attributes['runlet.lease.step']]),
      [
        ['first', 'released'],
        ['second', 'released'],
      ],
    )
    assert.ok(held[0] && durationOf(held[0]) > 49)
    const [steps] = points(all, 'runlet.lease.steps').filter(([about]) => isStep(about, 'timed-out'))
    assert.deepEqual(steps, [{ 'runlet.lease.kind': 'lock', 'runlet.lease.step': 'timed-out' }, 1])
  })

  test('counts what was done, in seconds and bytes, with no key, run or user in an attribute', async () => {
    const all = await observed(async parent => {
      const [stands, refused] = [await parent.fork('r-17'), await parent.fork('r-18')]
      await Promise.all([stands.put('secret/a', '1'), refused.put('secret/a', '2'), refused.put('secret/b', '2')])
      await stands.fold()
      await assert.rejects(refused.fold(), ConflictError)
      await parent.lock('lock-of-ada', () => undefined)
    })
    assert.equal(sum(all, 'runlet.commits'), named(all, 'runlet.commit').length)
    assert.equal(sum(all, 'runlet.commit.rows'), 4) // 1 and 2 in the runs, and 1 adopted
    assert.deepEqual(points(all, 'runlet.folds'), [
      [{ 'runlet.namespace': 'p' }, 1],
      [{ 'runlet.namespace': 'p', 'error.type': 'ERR_RUNLET_CONFLICT' }, 1],
    ])
    const requests = all.spans.filter(({ name }) => name.startsWith('runlet.request'))
    assert.equal(sum(all, 'runlet.requests'), requests.length)
    for (const [direction, attribute] of [
      ['transmit', 'runlet.bytes_up'],
      ['receive', 'runlet.bytes_down'],
    ] as const) {
      const moved = points(all, 'runlet.request.io').filter(([about]) => isTowards(about, direction))
      const total = moved.reduce((bytes, [, value]) => bytes + Number(value), 0)
      assert.equal(
        total,
        requests.reduce((bytes, { attributes }) => bytes + Number(attributes[attribute]), 0),
      )
    }
    const [[, wait]] = points(all, 'runlet.fold.wait') as [[unknown, Histogram]]
    const fold = named(all, 'runlet.fold')[0] as ReadableSpan
    assert.equal(wait.count, 1)
    assert.ok(Math.abs(Number(wait.sum) - Number(fold.attributes['runlet.waited_ms']) / 1_000) < 1e-9)
    const units = new Map([...all.metrics].map(([name, { unit }]) => [name, unit]))
    for (const name of [
      'request.duration',
      'commit.duration',
      'fold.duration',
      'fold.hold',
      'lease.wait',
      'lease.hold',
    ])
      assert.equal(units.get(`runlet.${name}`), 's', name)
    const said = JSON.stringify(
      [...all.metrics.values()].flatMap(({ dataPoints }) => dataPoints.map(p => p.attributes)),
    )
    assert.doesNotMatch(said, /ada|r-17|r-18|secret|ns\//)
  })

  test('is silent once it was stopped, and nothing is made then', async () => {
    await observed(parent => parent.put('a', '1').then(() => undefined))
    for (const name of ['runlet:request', 'runlet:commit', 'runlet:fold', 'runlet:lease'] as const) {
      assert.equal(channel(name).hasSubscribers, false)
      publish(name, () => assert.fail('made for nobody'))
    }
  })

  test('says of a request to S3 which bucket, object and server it was for', async () => {
    const all = await observed(async () => {
      for (const url of ['s3://bucket/pre/fix?endpoint=http%3A%2F%2F127.0.0.1%3A9000&region=eu-1', 's3://bucket']) {
        const common = { store: url, key: 'ns/p/_/head', bytesUp: 0, bytesDown: 0, durationMs: 250 }
        publish('runlet:request', () => ({ ...common, operation: 'get', outcome: 'ERR_RUNLET_PRECONDITION_FAILED' }))
        publish('runlet:request', () => ({ ...common, operation: 'list', outcome: 'ERR_RUNLET_ACCESS_DENIED' }))
      }
    })
    const [get, list, bare] = all.spans.filter(({ kind }) => kind === SpanKind.CLIENT)
    assert.ok(get && list && bare)
    assert.equal(Math.round(durationOf(get)), 250)
    assert.deepEqual(get.attributes, {
      'runlet.operation': 'get',
      'runlet.store': 's3',
      'runlet.key': 'ns/p/_/head',
      'runlet.bytes_up': 0,
      'runlet.bytes_down': 0,
      'aws.s3.bucket': 'bucket',
      'aws.s3.key': 'pre/fix/ns/p/_/head',
      'server.address': '127.0.0.1',
      'server.port': 9000,
      'cloud.region': 'eu-1',
      'error.type': 'ERR_RUNLET_PRECONDITION_FAILED',
    })
    assert.equal(get.status.code, SpanStatusCode.UNSET, 'a lost race is no fault')
    assert.equal(list.status.code, SpanStatusCode.ERROR)
    assert.equal(list.attributes['aws.s3.key'], undefined)
    assert.equal(bare.attributes['aws.s3.key'], 'ns/p/_/head')
    assert.equal(bare.attributes['server.address'], undefined)
  })

  test('tells OpenTelemetry of an event that it cannot understand, and goes on', async () => {
    const errors: unknown[] = []
    const ignore = () => undefined
    const logger = { error: (...told: unknown[]) => errors.push(told), warn: ignore, info: ignore, debug: ignore }
    diag.setLogger({ ...logger, verbose: ignore })
    const all = await observed(async parent => {
      channel('runlet:request').publish({ operation: 'get', key: 'of another version' })
      await parent.put('a', '1')
    }).finally(() => diag.disable())
    assert.equal(errors.length, 2) // of the spans, and of the metrics
    assert.equal(named(all, 'runlet.request put').length, 1)
  })

  test('uses the providers that are registered globally when it is given none', async () => {
    const exporter = new InMemorySpanExporter()
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
    const stop = observe()
    try {
      const store = await openStore('memory:')
      await store.namespace('p', { create: true })
      await store.close()
    } finally {
      stop()
      trace.disable()
    }
    assert.ok(exporter.getFinishedSpans().some(({ name }) => name === 'runlet.request put'))
  })
})

const isStep = (about: unknown, step: string) => (about as Record<string, unknown>)['runlet.lease.step'] === step
const isTowards = (about: unknown, direction: string) =>
  (about as Record<string, unknown>)['network.io.direction'] === direction
