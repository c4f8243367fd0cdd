// `runlet poller logs NAME`: what its last starts said, and with --follow what comes.
import { InvalidArgumentError } from '../../errors.ts'
import { follow } from '../../integrations/poller/follow.ts'
import { lastLines, logFolder } from '../../integrations/poller/log.ts'
import { readPoller } from '../../integrations/poller/poller.ts'
import { TallyKeeper } from '../../integrations/poller/tally.ts'
import type { Verb } from '../context.ts'
import type { Output } from '../output.ts'
import { printable } from '../table.ts'
import { untilStopped } from '../until-stopped.ts'
import { parsePollerName, pollerPlaces } from './place.ts'

interface LogsOptions {
  readonly number: string
  readonly follow?: true
}

const MOST_LINES = 1_000_000

export const verb: Verb<LogsOptions, [name: string]> = async ({ output }, options, name) => {
  const places = pollerPlaces()
  const segment = parsePollerName(name)
  const count = parseCount(options.number)
  await readPoller(places, segment)
  const folder = logFolder(places, segment)
  for (const line of await lastLines(folder, count)) await show(line, output)
  if (!options.follow) {
    const { counts } = await new TallyKeeper(places, segment).read()
    const { skipped, ...ran } = counts
    const { ok, stopped, ...failed } = ran
    const sum = (numbers: Record<string, number>) => Object.values(numbers).reduce((a, b) => a + b, 0)
    const times = (count: number) => (count === 1 ? 'once' : `${count} times`)
    output.say(`${segment} ran ${times(sum(ran))}, failed ${times(sum(failed))}, was skipped ${times(skipped)}`)
    return undefined
  }
  return untilStopped(async signal => {
    for await (const text of follow(folder, signal)) {
      for (const line of text.split('\n').slice(0, -1)) await show(line, output)
      if (output.closed) break
    }
    return 0
  })
}

/** What programs said may hold anything: a terminal is not to obey it. */
function show(line: string, output: Output): Promise<void> {
  if (!output.json) return output.line(process.stdout.isTTY ? printable(line) : line)
  const space = line.indexOf(' ')
  return output.document({ at: line.slice(0, space), line: line.slice(space + 1) })
}

function parseCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (count <= MOST_LINES) return count
  throw new InvalidArgumentError('--number', `"${text}" is no number up to ${MOST_LINES}`, 'Write it like 50.')
}
