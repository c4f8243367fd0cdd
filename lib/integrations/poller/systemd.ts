// A poller as a timer and a service of systemd's user manager. Pure. What the unit files may say: systemd.timer(5), systemd.service(5),
// and systemd.syntax(7) for quoting, which differs from setting to setting.
import { join } from 'node:path'
import { InvalidArgumentError } from '../../errors.ts'
import type { Segment } from '../../names.ts'
import type { Places } from './places.ts'
import { type Poller, runArguments, shownCommand } from './poller.ts'
import type { Scheduler, UnitFile } from './scheduler.ts'
import { placeOfName } from './spread.ts'

/** The first start comes within so long, whatever the interval. */
const FIRST_START_MS = 60_000

const unitOf = (name: Segment): string => `runlet-poller-${name}`
const markOf = (name: Segment): string => `# Written by \`runlet poller install\` for the poller ${name};`

export const systemd: Scheduler = {
  assertFits: ({ node, folder }) => {
    const refuse = (what: string, path: string, problem: string) => {
      throw new InvalidArgumentError(
        what,
        `systemd takes no path that ${problem}: ${path}`,
        'Rename it, or use another.',
      )
    }
    if (/['"\\]/.test(node)) refuse('the path of node', node, 'has a quote or backslash to be executed')
    if (/[\s\\]$/u.test(folder)) refuse('the folder', folder, 'ends in a blank or backslash')
  },
  files: (poller, places) => {
    const [service = '', timer = ''] = systemd.paths(poller.name, places)
    return [
      { path: service, text: serviceOf(poller) },
      { path: timer, text: timerOf(poller) },
    ] satisfies UnitFile[]
  },
  paths: (name, { units }: Places) => ['service', 'timer'].map(kind => join(units, `${unitOf(name)}.${kind}`)),
  isOurs: (text, name) => text.startsWith(markOf(name)),
  start: name => [
    { command: ['systemctl', '--user', 'daemon-reload'] },
    { command: ['systemctl', '--user', 'enable', '--now', `${unitOf(name)}.timer`] },
  ],
  pause: name => [{ command: ['systemctl', '--user', 'stop', `${unitOf(name)}.timer`], nothingThere: NOT_LOADED }],
  stop: name => [
    { command: ['systemctl', '--user', 'disable', '--now', `${unitOf(name)}.timer`], nothingThere: NOT_LOADED },
    { command: ['systemctl', '--user', 'stop', `${unitOf(name)}.service`], nothingThere: NOT_LOADED },
  ],
  forget: () => [{ command: ['systemctl', '--user', 'daemon-reload'] }],
  remedy:
    'Pollers need your systemd user manager: log in as yourself (not by su or sudo), or `loginctl enable-linger $USER` and set XDG_RUNTIME_DIR=/run/user/$(id -u); then try again.',
}

const NOT_LOADED = /not loaded|does not exist|not found/

function serviceOf(poller: Poller): string {
  const { name, node, main, folder, environment } = poller
  return `${markOf(name)}
# \`runlet poller uninstall ${name}\` removes it. Each start is a run of its own, with its output in a log of bounded size:
#   ${shownCommand([node, main, ...runArguments(poller)])}

[Unit]
Description=runlet poller ${name}

[Service]
Type=oneshot
ExecStart=${quotedProgram(node)} ${quotedArgument(main)} poller run-now ${name} --scheduled
WorkingDirectory=-${unquoted(folder)}
${Object.entries(environment)
  .map(([variable, value]) => `Environment=${quoted(`${variable}=${value}`)}\n`)
  .join('')}StandardInput=null
StandardOutput=null
StandardError=journal
# Another one was at work, and this one skipped: no failure.
SuccessExitStatus=75
# SIGTERM goes to the first process, which hands it on once to all that it started.
KillMode=mixed
TimeoutStopSec=45
`
}

function timerOf({ name, everyMs, jitterMs }: Poller): string {
  const first = Math.round(placeOfName(name) * Math.min(everyMs, FIRST_START_MS))
  return `${markOf(name)}
# \`runlet poller uninstall ${name}\` removes it.

[Unit]
Description=starts runlet poller ${name} every ${seconds(everyMs)}

[Timer]
OnActiveSec=${seconds(first)}
OnUnitActiveSec=${seconds(everyMs)}
RandomizedDelaySec=${seconds(jitterMs)}
AccuracySec=1s
Unit=${unitOf(name)}.service

[Install]
WantedBy=timers.target
`
}

const seconds = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`)

/** A percent sign begins a specifier everywhere. */
const unquoted = (text: string): string => text.replaceAll('%', '%%')

const quoted = (text: string): string => `"${unquoted(text).replace(/[\\"]/g, '\\$&')}"`

/** What is to be executed: variables are not replaced in it. */
const quotedProgram = quoted

/** An argument of it: variables are, and `$$` is a dollar sign. */
const quotedArgument = (text: string): string => quoted(text).replaceAll('$', '$$$$')
