// The doctor: tries every property that the protocols need of a store, on the store itself, and says which fails and what that
// means. It writes only below `doctor/<random id>/` and removes that at the end, whatever happened.
// The invariant: examine() never throws; what a probe throws is a check that failed. What the properties are is in doctor/*.ts.
import type { Ambient } from '../ambient.ts'
import { AccessDeniedError, RunletError } from '../errors.ts'
import { compareAndSwap, createIfAbsent, etags } from './doctor/conditions.ts'
import { listAfterDelete, listAfterWrite, listOrder } from './doctor/lists.ts'
import { isBadCredentials, judgePermissions } from './doctor/permissions.ts'
import { type Bench, type Finding, fails, holds, keysOf, type Probe, type Severity } from './doctor/probe.ts'
import { createRace, swapRace } from './doctor/races.ts'
import { byteRange, changedGet, readAfterDelete, readAfterWrite, unchangedGet } from './doctor/reads.ts'
import { clock, ownClocks, roundTrip } from './doctor/timing.ts'
import { deletes, streams } from './doctor/writes.ts'
import type { ObjectStore } from './object-store.ts'

/** One property, and whether the store has it. */
export interface Check {
  readonly name: string
  readonly ok: boolean
  /** Without a `required` property runlet loses or mixes up data; the rest only costs time, money or clarity. */
  readonly severity: Severity
  /** What was seen, and for a check that failed what that means. */
  readonly detail: string
  /** What to do about it. Only of a check that failed. */
  readonly remedy?: string
  /** How long it took, in milliseconds. */
  readonly ms: number
}

export interface DoctorReport {
  /** Whether the store has everything that is required. */
  readonly ok: boolean
  /** The store, without secrets. */
  readonly url: string
  readonly checks: readonly Check[]
}

const PROBES: readonly Probe[] = [
  readAfterWrite,
  readAfterDelete,
  deletes,
  createIfAbsent,
  compareAndSwap,
  etags,
  createRace,
  swapRace,
  changedGet,
  unchangedGet,
  byteRange,
  streams,
  listAfterWrite,
  listAfterDelete,
  listOrder,
  clock,
  ownClocks,
  roundTrip,
]

const reachable: Probe = {
  name: 'reachable',
  severity: 'required',
  without: 'nothing else could be tried',
  async run({ store, key }) {
    const { status } = await store.get(key('reachable'))
    if (status === 'missing') return holds('the store answers')
    return fails(`a key that nobody has is ${status}`, 'Check that the URL names an object store')
  },
}

/** Tries every property; `onProgress` is told of each as it is settled. Never throws. */
export async function examine(
  store: ObjectStore,
  ambient: Ambient,
  options: { onProgress?: (line: string) => void } = {},
): Promise<DoctorReport> {
  const examination = new Examination(store, ambient, options.onProgress)
  const checks = await examination.run()
  return { ok: checks.every(check => check.ok || check.severity === 'advice'), url: store.url, checks }
}

class Examination implements Bench {
  readonly store: ObjectStore
  readonly ambient: Ambient
  readonly prefix: string
  private readonly onProgress: ((line: string) => void) | undefined
  private readonly keys = new Set<string>()
  private readonly checks: Check[] = []
  private readonly denials: AccessDeniedError[] = []

  constructor(store: ObjectStore, ambient: Ambient, onProgress: ((line: string) => void) | undefined) {
    this.store = store
    this.ambient = ambient
    this.onProgress = onProgress
    this.prefix = `doctor/${ambient.randomId()}/`
  }

  /** An arrow, so that a probe may take it out of the bench. */
  readonly key = (name: string): string => {
    this.keys.add(this.prefix + name)
    return this.prefix + name
  }

  async run(): Promise<readonly Check[]> {
    const error = await this.try(reachable)
    const isHopeless = error instanceof AccessDeniedError ? isBadCredentials(error) : error !== undefined
    if (!isHopeless) {
      for (const probe of PROBES) await this.try(probe)
      await this.try({ ...cleanUp, remedy: this.remedyOfLeftovers, run: () => this.cleanUp() })
    }
    if (isHopeless && this.denials.length === 0) return this.checks
    await this.try({ ...permissions, run: async () => judgePermissions(this.store, this.denials) })
    return this.checks
  }

  /** Settles one check; resolves to what the probe threw. */
  private async try(probe: Probe): Promise<unknown> {
    const startedAt = this.ambient.monotonic()
    let thrown: unknown
    const finding = await probe.run(this).catch((error: unknown) => {
      thrown = error ?? new Error('undefined was thrown')
      if (error instanceof AccessDeniedError) this.denials.push(error)
      return findingOf(error, probe)
    })
    this.settle(probe, finding, Math.round(this.ambient.monotonic() - startedAt))
    return thrown
  }

  private settle({ name, severity, without }: Probe, finding: Finding, ms: number): void {
    const check = finding.ok
      ? { name, severity, ...finding, ms }
      : { name, severity, ...finding, detail: `${finding.detail}; so ${without}`, ms }
    this.checks.push(check)
    this.onProgress?.(`${check.ok ? 'ok' : severity === 'required' ? 'FAILED' : 'advice'} ${name}: ${check.detail}`)
  }

  /** By the keys that were handed out as well as by a listing: either may be what is broken. */
  private async cleanUp(): Promise<Finding> {
    const listed = await keysOf(this, { prefix: this.prefix }).catch(() => [])
    await this.store.delete([...new Set([...this.keys, ...listed])])
    const left = await keysOf(this, { prefix: this.prefix })
    if (left.length === 0) return holds('what the doctor wrote was deleted')
    return fails(`${left.length} objects are still listed`, this.remedyOfLeftovers)
  }

  private get remedyOfLeftovers(): string {
    return `Delete what lies below "${this.prefix}" in the store`
  }
}

const cleanUp = {
  name: 'clean-up',
  severity: 'advice',
  without: 'objects of the doctor may be left below "doctor/"',
} as const

const permissions = {
  name: 'permissions',
  severity: 'required',
  without: 'what needs them cannot be done with these credentials',
} as const

function findingOf(error: unknown, { remedy }: Probe): Finding {
  const problem = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '')
  if (remedy !== undefined) return fails(problem, remedy)
  if (error instanceof AccessDeniedError) return fails(problem, 'See the check "permissions"')
  if (error instanceof RunletError) return fails(problem, 'Check the network and the store, and try again')
  return fails(`the store threw ${problem}`, 'Report this: a store throws only errors of runlet')
}
