// What `runlet run` was asked to do: its options, parsed before anything is written or started (G10).
import { basename } from 'node:path'
import { systemAmbient } from '../../ambient.ts'
import { InvalidArgumentError } from '../../errors.ts'
import { parsePrefix, parseSegment } from '../../names.ts'
import type { NamedPolicy } from '../../namespace/policy.ts'
import { parseConflictOption } from '../conflict-option.ts'
import { parseDuration } from '../durations.ts'
import type { OnError } from '../on-error.ts'
import { makeRunId } from '../run-id.ts'

export interface RunOptions {
  readonly id?: string
  readonly resume?: true
  readonly singleton?: string
  readonly onError: OnError
  readonly timeout?: string
  readonly dir?: string
  readonly copy?: true
  readonly prefix?: string
  readonly sync?: string
  readonly ttl: string
  readonly label?: string
  readonly onConflict?: string[]
}

export interface RunSettings {
  readonly id: string
  readonly resume: boolean
  readonly singleton: string | undefined
  readonly onError: OnError
  readonly timeout: { readonly ms: number; readonly text: string } | undefined
  readonly dir: string | undefined
  /** Undefined when the folder is only what the program leaves for the run, and no copy of what the run has. */
  readonly copy: { readonly prefix: string | undefined } | undefined
  /** How often what changed in the folder is brought into the run. */
  readonly syncMs: number | undefined
  readonly ttlMs: number
  readonly label: string
  readonly onConflict: Record<string, NamedPolicy> | undefined
  readonly program: string
  readonly args: readonly string[]
}

/** @throws InvalidArgumentError, InvalidNameError */
export function parseRunSettings(options: RunOptions, program: string, args: readonly string[]): RunSettings {
  const { id, resume = false, singleton, timeout, ttl, dir, sync } = options
  if (program === '') throw new InvalidArgumentError('<program>', 'is empty', 'Name a program after "--".')
  if (dir === '') throw new InvalidArgumentError('--dir', 'is empty', 'Name a folder.')
  if (resume && id === undefined) throw new InvalidArgumentError('--resume', 'needs the run to go on with', 'Add --id.')
  return {
    id: parseSegment(id ?? makeRunId(program, systemAmbient), 'run id'),
    resume,
    singleton: singleton === undefined ? undefined : parseSegment(singleton, 'singleton key'),
    onError: options.onError,
    timeout: timeout === undefined ? undefined : { ms: parseDuration('--timeout', timeout), text: timeout },
    ttlMs: parseDuration('--ttl', ttl, { least: 1000, most: 86_400_000 }),
    dir,
    copy: parseCopy(options),
    syncMs: sync === undefined ? undefined : parseDuration('--sync', sync, { least: 1000, most: 3_600_000 }),
    label: parseLabel(options.label ?? makeLabel(program, args)),
    onConflict: parseConflictOption(options.onConflict),
    program,
    args,
  }
}

function parseCopy({ copy, prefix }: RunOptions): RunSettings['copy'] {
  if (prefix === '') throw new InvalidArgumentError('--prefix', 'is empty', 'Name one, or use --copy alone.')
  if (prefix === undefined) return copy && { prefix }
  return { prefix: parsePrefix(prefix) }
}

function parseLabel(text: string): string {
  if (text !== '' && text.length <= 128) return text
  throw new InvalidArgumentError('--label', text === '' ? 'is empty' : 'is too long', 'Use 1 to 128 characters.')
}

/** The program up to its first option: what stands behind it can be a secret, and everybody who may read the store sees labels. */
function makeLabel(program: string, args: readonly string[]): string {
  const firstOption = args.findIndex(arg => arg.startsWith('-'))
  const words = firstOption === -1 ? args : args.slice(0, firstOption)
  return [basename(program), ...words].join(' ').slice(0, 128)
}
