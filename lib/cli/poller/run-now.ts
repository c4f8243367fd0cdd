// `runlet poller run-now NAME`: one start. The timer's starts are the same, only that nobody looks at them.
import { readPoller } from '../../integrations/poller/poller.ts'
import { start } from '../../integrations/poller/start.ts'
import type { Verb } from '../context.ts'
import { untilStopped } from '../until-stopped.ts'
import { parsePollerName, pollerPlaces } from './place.ts'

interface RunNowOptions {
  readonly scheduled?: true
}

export const verb: Verb<RunNowOptions, [name: string]> = async ({ output }, { scheduled = false }, name) => {
  const places = pollerPlaces()
  const poller = await readPoller(places, parsePollerName(name))
  const show = async (stream: 'stdout' | 'stderr', chunk: Buffer): Promise<void> => {
    if (stream === 'stdout') await output.write(chunk)
    else process.stderr.write(chunk)
  }
  return untilStopped(async signal => {
    const options = { scheduled, here: process.env, signal }
    const { exitCode } = await start(poller, places, scheduled ? options : { ...options, show })
    return exitCode
  })
}
