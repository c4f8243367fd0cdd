// `runlet log`: the commits of the namespace, newest first, written as they are read.
import { InvalidArgumentError } from '../errors.ts'
import type { CommitRecord } from '../namespace/head.ts'
import type { Verb } from './context.ts'
import { atNamespace } from './place.ts'
import { progressLine } from './progress.ts'
import { printable } from './table.ts'

interface LogOptions {
  readonly number?: string
}

export const verb: Verb<LogOptions, []> = async ({ shared, output }, options) => {
  const most = parseCount(options.number)
  return atNamespace(shared, async ({ namespace }) => {
    let done = 0
    for await (const record of namespace.log()) {
      if (done >= most || output.closed) break
      done += 1
      if (output.json) await output.document({ ...record, at: new Date(record.at) })
      else await output.line(lineOf(record))
      if (!process.stdout.isTTY) output.move(progressLine('log', { done, unit: 'commits' }))
    }
    return undefined
  })
}

function parseCount(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY
  if (!/^\d{1,15}$/.test(text))
    throw new InvalidArgumentError('--number', `${JSON.stringify(text)} is no count`, 'Give a whole number, like 10.')
  return Number(text)
}

function lineOf({ seq, at, author, rows, message, origin }: CommitRecord): string {
  const what = [origin && `fold of ${origin.run}`, message].filter(text => text !== undefined).join(': ')
  const time = new Date(at).toISOString().slice(0, 19)
  return printable(`${`#${seq}`.padStart(7)}  ${time}Z  ${String(rows).padStart(6)} rows  ${author}  ${what}`).trimEnd()
}
