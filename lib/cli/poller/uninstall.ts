// `runlet poller uninstall NAME`: stops it and removes all of it. Doing it again changes nothing.
import { uninstall } from '../../integrations/poller/install.ts'
import type { Verb } from '../context.ts'
import { parsePollerName, pollerPlaces } from './place.ts'

export const verb: Verb<object, [name: string]> = async ({ output }, _options, name) => {
  const segment = parsePollerName(name)
  const removed = await uninstall(segment, pollerPlaces())
  await output.result({ name: segment, removed }, removed ? `uninstalled ${segment}` : `there is no poller ${segment}`)
  return undefined
}
