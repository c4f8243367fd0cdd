// The doctor: tries every property that the protocols need of a store, on the store itself, and says which fails and what that
// means. It writes only below `doctor/<random id>/` and removes that at the end, whatever happened.
// The invariant: examine() never throws; what a probe throws is a check that failed. What the properties are is in doctor/*.ts.
import type { Ambient } from '../ambient.ts'
import { AbortedError, AccessDeniedError, RunletError } from '../errors.ts'
import { cleanUp, DOCTORS } from './doctor/clean-up.ts'
import { clock, ownClocks } from './doctor/clocks.ts'
import { compareAndSwap, createIfAbsent, etags } from './doctor/conditions.ts'
import { type Crew, crewHere, crewOfThreads } from './doctor/crew.ts'
import { deletes } from './doctor/deletes.ts'
import { Gate } from './doctor/gate.ts'
import { listAfterDelete, listAfterWrite, listOrder } from './doctor/lists.ts'
import { isBadCredentials, judgePermissions } from './doctor/permissions.ts'
import { type Bench, type Figures, type Finding, fails, holds, type Probe, type Severity } from './doctor/probe.ts'
import { createRace, swapRace } from './doctor/races.ts'
import { byteRange, changedGet, readAfterDelete, readAfterWrite, unchangedGet } from './doctor/reads.ts'
import { roundTrip, writeRate } from './doctor/speed.ts'
import { brokenStream, streams, unfinishedUploads } from './doctor/uploads.ts'
import type { ObjectStore } from './object-store.ts'

/** One property, and whether the store has it. */
export interface Check {
  /** What the property is called. */
  readonly name: string
  /** Whether the store has it. */
  readonly ok: boolean
  /** Without a `required` property runlet loses or mixes up data; the rest only costs time, money or clarity. */
  readonly severity: Severity
  /** What was seen, and for a check that failed what that means. */
  readonly detail: string
  /** What to do about it. Only of a check that failed. */
  readonly remedy?: string
  /** What was measured, by name: `putMs`, `worstPutMs`, `getMs`, `worstGetMs`, `swapsPerSecond`, `differenceMs`. */
  readonly figures?: Figures
  /** How long it took, in milliseconds. */
  readonly ms: number
}

/** What the doctor found. */
export interface DoctorReport {
  /** Whether the store has everything that is required. */
  readonly ok: boolean
  /** The store, without secrets. */
  readonly url: string
  /** Each property, in the order in which they were tried. */
  readonly checks: readonly Check[]
}

/** How an examination goes. */
export interface DoctorOptions {
  /** Told of each check as it is settled. */
  readonly onProgress?: ((line: string) => void) | undefined
  /** Ends the examination: what was written is removed, and the report says that it is not whole. */
  readonly signal?: AbortSignal | undefined
}

interface ExamineOptions extends DoctorOptions {
  /** Opens a store by a URL such as this store's own. Without it, nothing is tried from other threads, or with another URL. */
  readonly open?: ((url: string) => Promise<ObjectStore>) | undefined
}

const PROBES: readonly Probe[] = [
  createIfAbsent,
  compareAndSwap,
  etags,
  createRace,
  swapRace,
  readAfterWrite,
  readAfterDelete,
  changedGet,
  unchangedGet,
  byteRange,
  listAfterWrite,
  listAfterDelete,
  listOrder,
  deletes,
  streams,
  brokenStream,
  unfinishedUploads,
  clock,
  ownClocks,
  roundTrip,
  writeRate,
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

/** Tries every property. Never throws. */
export async function examine(
  store: ObjectStore,
  ambient: Ambient,
  options: ExamineOptions = {},
): Promise<DoctorReport> {
  const checks = await new Examination(store, ambient, options).run()
  return { ok: checks.every(check => check.ok || check.severity === 'advice'), url: store.url, checks }
}

class Examination implements Bench {
  readonly store: Gate
  readonly ambient: Ambient
  readonly prefix: string
  readonly open: Bench['open']
  readonly abortUploads: Bench['abortUploads']
  crew: Crew
  private readonly inner: ObjectStore
  private readonly onProgress: DoctorOptions['onProgress']
  private readonly signal: AbortSignal
  private readonly keys = new Set<string>()
  private readonly checks: Check[] = []
  private readonly denials: AccessDeniedError[] = []

  constructor(store: ObjectStore, ambient: Ambient, options: ExamineOptions) {
    this.signal = options.signal ?? new AbortController().signal
    this.inner = store
    this.store = new Gate(store, this.signal)
    this.ambient = { ...ambient, sleep: (ms, about) => ambient.sleep(ms, { ...about, signal: this.signal }) }
    this.prefix = `${DOCTORS}${ambient.randomId()}/`
    this.open = options.open
    this.abortUploads = store.abortUploads?.bind(store)
    this.crew = crewHere(this.store, this.ambient)
    this.onProgress = options.onProgress
  }

  /** An arrow, so that a probe may take it out of the bench. */
  readonly key = (name: string): string => {
    this.keys.add(this.prefix + name)
    return this.prefix + name
  }

  async run(): Promise<readonly Check[]> {
    const error = await this.try(reachable)
    const isHopeless = error instanceof AccessDeniedError ? isBadCredentials(error) : error !== undefined
    if (!isHopeless) await this.tryAll()
    if (isHopeless && this.denials.length === 0) return this.checks
    await this.try({ ...permissions, run: async () => judgePermissions(this.inner, this.denials) })
    return this.checks
  }

  private async tryAll(): Promise<void> {
    const stop = () => this.crew.stop()
    this.signal.addEventListener('abort', stop, { once: true })
    try {
      await this.gatherCrew()
      for (const probe of PROBES) if (!this.signal.aborted) await this.try(probe)
      await this.store.idle()
    } finally {
      this.signal.removeEventListener('abort', stop)
      await this.crew.close()
    }
    await this.try({ ...cleaning, run: () => cleanUp(this.inner, this.prefix, this.keys) })
    if (this.signal.aborted) await this.try(stopped)
  }

  private async gatherCrew(): Promise<void> {
    if (!this.open || this.signal.aborted) return
    this.crew = (await crewOfThreads(this.inner.url)) ?? this.crew
    if (this.signal.aborted) this.crew.stop()
  }

  /** Settles one check; resolves to what the probe threw. What the signal has cut off is no check. */
  private async try(probe: Probe): Promise<unknown> {
    const startedAt = this.ambient.monotonic()
    let thrown: unknown
    const finding = await probe.run(this).catch((error: unknown) => {
      thrown = error ?? new Error('undefined was thrown')
      if (error instanceof AccessDeniedError) this.denials.push(error)
      return findingOf(error, probe)
    })
    const isCutOff = thrown !== undefined && (thrown instanceof AbortedError || thrown === this.signal.reason)
    if (!isCutOff) this.settle(probe, finding, Math.round(this.ambient.monotonic() - startedAt))
    return thrown
  }

  private settle({ name, severity, without }: Probe, finding: Finding, ms: number): void {
    const check = finding.ok
      ? { name, severity, ...finding, ms }
      : { name, severity, ...finding, detail: `${finding.detail}; so ${without}`, ms }
    this.checks.push(check)
    this.onProgress?.(`${check.ok ? 'ok' : severity === 'required' ? 'FAILED' : 'advice'} ${name}: ${check.detail}`)
  }
}

const cleaning = {
  name: 'clean-up',
  severity: 'advice',
  without: 'objects of the doctor are left, which harm nobody',
} as const

const permissions = {
  name: 'permissions',
  severity: 'required',
  without: 'what needs them cannot be done with these credentials',
} as const

const stopped: Probe = {
  name: 'examination',
  severity: 'required',
  without: 'nobody knows about the rest',
  run: async () => fails('it was stopped before its end', 'Let it come to its end'),
}

function findingOf(error: unknown, { remedy }: Probe): Finding {
  const problem = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '')
  if (remedy !== undefined) return fails(problem, remedy)
  if (error instanceof AccessDeniedError) return fails(problem, 'See the check "permissions"')
  if (error instanceof RunletError) return fails(problem, 'Check the network and the store, and try again')
  return fails(`the store threw ${problem}`, 'Report this: a store throws only errors of runlet')
}
