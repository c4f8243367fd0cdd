/**
 * Namespaces in an S3-compatible bucket, runs forked from them, and what folds them back. Errors are classes with a stable `code`;
 * times are in milliseconds; G1 to G10 are the guarantees of the README.
 * @module runlet
 */
export type { Ambient } from './ambient.ts'
export * from './errors.ts'
export type { CommitEvent, EventOutcome, FoldEvent, LeaseEvent, RequestEvent, RunletEvents } from './events.ts'
export type { LockInfo } from './lease/list-locks.ts'
export type { Committed } from './namespace/committer.ts'
export type { CompactionResult, CompactOptions } from './namespace/compact.ts'
export type { CommitRecord } from './namespace/head.ts'
export type { Entry, Transaction } from './namespace/namespace.ts'
export type { ConflictPolicy, NamedPolicy, PolicyFunction } from './namespace/policy.ts'
export type { Value } from './namespace/values.ts'
export type {
  FoldOptions,
  ForkOptions,
  LockOptions,
  OpenOptions,
  RunCopyOptions,
  SweepOptions,
  TimelineOptions,
  WriteOptions,
} from './options.ts'
export type { Change } from './run/changes.ts'
export type { FoldResult } from './run/fold.ts'
export type { RunInfo } from './run/list-runs.ts'
export type { RetentionRule } from './run/retention/rules.ts'
export type { RetentionProgress, RetentionReport } from './run/retention/tally.ts'
export type { OnError } from './run/run.ts'
export type {
  Amount as SweptAmount,
  Problem as SweepProblem,
  SweepReport,
  SweptChange,
  SweptRun,
} from './run/sweep/report.ts'
export type { RunFate, RunStory } from './run/timeline/story.ts'
export type { Timeline } from './run/timeline/timeline.ts'
export type { QueuedChange, RunGlance, Sight } from './run/watch/sight.ts'
export type { Watch } from './run/watch/watch.ts'
export { type HeldLock, Namespace, openStore, Run, Store } from './runlet.ts'
export type { Severity } from './store/doctor/probe.ts'
export type { Check, DoctorOptions, DoctorReport } from './store/doctor.ts'
export type { Meter } from './store/metered-store.ts'
export type {
  CopyOptions,
  CopyProgress,
  CopyStatus,
  PreparedPush,
  PullOptions,
  PullResult,
  PushOptions,
  PushResult,
  SyncOptions,
  WorkingCopy,
} from './sync/working-copy.ts'
export { type RunNamespaceOptions, withRunNamespace } from './with-run-namespace.ts'
