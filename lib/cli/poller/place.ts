// Where the pollers of this user are, and their names as they are given on the command line.
import { homedir, userInfo } from 'node:os'
import { type Places, placesOf } from '../../integrations/poller/places.ts'
import { parseSegment, type Segment } from '../../names.ts'

/** @throws PlatformError */
export function pollerPlaces(): Places {
  const { platform, env } = process
  return placesOf({ platform, home: homedir(), uid: userInfo().uid, environment: env })
}

/** @throws InvalidNameError */
export const parsePollerName = (name: string): Segment => parseSegment(name, 'poller name')
