// `runlet poller list`: the pollers of this user, and how they do.
import { systemAmbient } from '../../ambient.ts'
import { missingOf } from '../../integrations/poller/check.ts'
import { unitsMissing } from '../../integrations/poller/install.ts'
import type { Places } from '../../integrations/poller/places.ts'
import { findPoller, type Poller, pollerNames, shownCommand } from '../../integrations/poller/poller.ts'
import { type Tally, TallyKeeper } from '../../integrations/poller/tally.ts'
import type { Verb } from '../context.ts'
import { formatAge, formatDuration } from '../durations.ts'
import { tableLines } from '../table.ts'
import { pollerPlaces } from './place.ts'

interface Listed {
  readonly poller: Poller
  readonly tally: Tally
  /** What keeps it from being started. */
  readonly problem: string | undefined
}

export const verb: Verb<object, []> = async ({ output }) => {
  const places = pollerPlaces()
  const all: Listed[] = []
  for (const name of await pollerNames(places)) {
    try {
      const poller = await findPoller(places, name)
      if (poller) all.push(await look(poller, places))
    } catch (error) {
      output.failure(error) // of one, and the others are listed
    }
  }
  if (output.json) {
    for (const { poller, tally, problem } of all) await output.document({ ...poller, ...tally, problem })
    return undefined
  }
  if (all.length === 0) {
    output.say('there are no pollers; `runlet poller install` makes one')
    return undefined
  }
  const [headings = '', ...lines] = tableLines(
    ['POLLER', 'EVERY', 'STATE', 'RAN', 'FAILED', 'SKIPPED', 'LAST', 'COMMAND'],
    all.map(one => rowOf(one, systemAmbient.now())),
  )
  await output.line(output.bold(headings))
  for (const line of lines) await output.line(line)
  return undefined
}

async function look(poller: Poller, places: Places): Promise<Listed> {
  const [gone = await missingOf(poller)] = await unitsMissing(poller, places)
  const problem = gone === undefined ? undefined : `${gone} is gone`
  return { poller, tally: await new TallyKeeper(places, poller.name).read(), problem }
}

function rowOf({ poller, tally, problem }: Listed, now: number): string[] {
  const { counts, last, atWork } = tally
  const failed = counts.failed + counts.timeout + counts.killed
  const age = (then: number) => formatAge(new Date(then), now)
  const state = atWork[0] ? `at work for ${age(atWork[0].startedAt)}` : (problem ?? 'waits')
  const how = last?.outcome === 'failed' ? `exit ${last.exitCode}` : last?.outcome
  return [
    poller.name,
    formatDuration(poller.everyMs),
    state,
    String(counts.ok + counts.stopped + failed),
    String(failed),
    String(counts.skipped),
    last ? `${how}, ${age(last.endedAt ?? last.startedAt)} ago` : '-',
    shownCommand(poller.command),
  ]
}
