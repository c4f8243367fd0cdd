// What every verb is given beside its own arguments: the options that all verbs share, and where to write.
import type { Output } from './output.ts'

/** The options of `runlet` itself; they may stand before or after the verb. */
export interface SharedOptions {
  readonly store?: string
  readonly namespace?: string
  readonly json?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
  /** False after `--no-color`. */
  readonly color: boolean
}

export interface Context {
  readonly shared: SharedOptions
  readonly output: Output
}

/** A verb: does its work and resolves to the exit code; none is 0. What it throws ends the command (see failure.ts). */
export type Verb<Options, Arguments extends unknown[]> = (
  context: Context,
  options: Options,
  ...given: Arguments
) => Promise<number | undefined>
