// `--on-error`, as the verbs that start programs declare it.
import { Option } from '../vendor/commander.ts'

const ON_ERROR = ['keep', 'discard', 'fold'] as const

/** What becomes of the run of a program that fails. */
export type OnError = (typeof ON_ERROR)[number]

export const onErrorOption = (about: string, usual: OnError): Option =>
  new Option('--on-error <what>', about).choices(ON_ERROR).default(usual)
