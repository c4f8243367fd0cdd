// Where pollers live, by the conventions of each system. Pure.
import { isAbsolute, join } from 'node:path'
import { PlatformError } from './errors.ts'

export type Platform = 'linux' | 'darwin'

export interface Places {
  readonly platform: Platform
  /** A folder for each poller. */
  readonly state: string
  /** Where launchd or systemd looks for what it is to start. */
  readonly units: string
  /** launchd names a user's session by it. */
  readonly uid: number
}

interface Surroundings {
  readonly platform: string
  readonly home: string
  readonly uid: number
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** @throws PlatformError */
export function placesOf({ platform, home, uid, environment }: Surroundings): Places {
  // The base directory specification has relative ones ignored.
  const xdg = (name: string, otherwise: string): string => {
    const folder = environment[name]
    return folder && isAbsolute(folder) ? folder : join(home, otherwise)
  }
  if (platform === 'darwin') {
    const library = join(home, 'Library')
    const state = join(library, 'Application Support', 'runlet', 'pollers')
    return { platform, state, units: join(library, 'LaunchAgents'), uid }
  }
  if (platform !== 'linux') throw new PlatformError(platform)
  const state = join(xdg('XDG_STATE_HOME', '.local/state'), 'runlet', 'pollers')
  return { platform, state, units: join(xdg('XDG_CONFIG_HOME', '.config'), 'systemd', 'user'), uid }
}
