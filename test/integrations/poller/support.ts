// Pollers for tests: definitions, a home of their own, and stand-ins for systemctl and launchctl that write down what they are told.
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Places, type Platform, placesOf } from '../../../lib/integrations/poller/places.ts'
import type { Poller } from '../../../lib/integrations/poller/poller.ts'
import { parseSegment } from '../../../lib/names.ts'

export const aPoller = (given: Partial<Poller> = {}): Poller => ({
  format: 1,
  name: parseSegment('mail', 'name'),
  everyMs: 60_000,
  jitterMs: 6000,
  timeoutMs: 300_000,
  onError: 'discard',
  command: ['/home/ann/bin/poll', 'in box', '$HOME %h "q"'],
  folder: '/home/ann/work',
  environment: { PATH: '/usr/bin:/bin', AWS_PROFILE: 'polls' },
  node: '/usr/bin/node',
  main: '/opt/runlet/dist/cli/main.js',
  installedAt: 1_700_000_000_000,
  ...given,
})

export const placesIn = (home: string, platform: Platform): Places =>
  placesOf({ platform, home, uid: 501, environment: {} })

const STAND_IN = `#!/bin/sh
echo "$(basename "$0") $*" >> "$STAND_INS/calls"
# Read once: the test may take it away at any moment.
fails=$(cat "$STAND_INS/fails" 2>/dev/null) || exit 0
pattern=$(echo "$fails" | head -n 1)
case "$*" in *$pattern*) echo "$fails" | tail -n +2 >&2; exit 1;; esac
`

export interface StandIns {
  /** The environment in which they are found. */
  readonly env: { readonly PATH: string; readonly STAND_INS: string }
  /** What they were told since the last look. */
  readonly calls: () => Promise<string[]>
  /** From now on commands that contain `part` fail, and say `message`; undefined: none do. */
  readonly fail: (part: string, message: string) => Promise<void>
}

export async function standIns(folder: string): Promise<StandIns> {
  await mkdir(folder, { recursive: true })
  for (const name of ['systemctl', 'launchctl']) {
    await writeFile(join(folder, name), STAND_IN)
    await chmod(join(folder, name), 0o755)
  }
  const file = join(folder, 'calls')
  let seen = 0
  return {
    env: { PATH: `${folder}:${process.env.PATH}`, STAND_INS: folder },
    calls: async () => {
      const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').slice(0, -1)
      const fresh = lines.slice(seen)
      seen = lines.length
      return fresh
    },
    fail: (part, message) => writeFile(join(folder, 'fails'), `${part}\n${message}\n`),
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
