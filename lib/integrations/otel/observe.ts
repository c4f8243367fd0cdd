/**
 * Spans and metrics for OpenTelemetry, from what runlet publishes.
 * @module runlet/otel
 */
// `runlet/otel`: turns the events of runlet in this process into OpenTelemetry spans and metrics. An entry point of its own, which
// nothing else in the package imports: who does not ask for it needs no OpenTelemetry. It only listens; nothing that runlet does
// depends on it.
import { readFileSync } from 'node:fs'
import { type MeterProvider, metrics, type TracerProvider, trace } from '@opentelemetry/api'
import { listen } from './listeners.ts'
import { recordMetrics } from './metrics.ts'
import { recordSpans } from './spans.ts'

/** Where what is observed goes. */
export interface ObserveOptions {
  /** Where spans go. Default: the tracer provider that is registered globally. */
  readonly tracerProvider?: TracerProvider | undefined
  /** Where metrics go. Default: the meter provider that is registered globally by the time of this call. */
  readonly meterProvider?: MeterProvider | undefined
}

/**
 * Makes spans and metrics of what runlet does in this process from now on, until the function that it returns is called. A span is
 * a child of the one that is active where runlet was called. Makes no request, and changes nothing that runlet does.
 * @param options the providers; default: those that are registered globally
 * @returns what ends it; may be called again without effect
 */
export function observe({ tracerProvider = trace, meterProvider = metrics }: ObserveOptions = {}): () => void {
  const version = versionOfPackage()
  const stops = [
    listen(recordSpans(tracerProvider.getTracer('runlet', version))),
    listen(recordMetrics(meterProvider.getMeter('runlet', version))),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

/** Undefined where a bundler left the package's description behind. */
function versionOfPackage(): string | undefined {
  try {
    return JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version
  } catch {
    return undefined
  }
}
