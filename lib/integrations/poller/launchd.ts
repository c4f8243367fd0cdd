// A poller as an agent of launchd, in the user's own session. Pure. What a property list may say: launchd.plist(5).
import { join } from 'node:path'
import { build, parse } from 'plist'
import type { Segment } from '../../names.ts'
import type { Places } from './places.ts'
import type { Poller } from './poller.ts'
import type { Scheduler } from './scheduler.ts'

const labelOf = (name: Segment): string => `runlet.poller.${name}`
const sessionOf = ({ uid }: Places): string => `gui/${uid}`
const serviceOf = (name: Segment, places: Places): string => `${sessionOf(places)}/${labelOf(name)}`

export const launchd: Scheduler = {
  assertFits: () => {}, // XML can say whatever has no control characters
  files: (poller, places) => launchd.paths(poller.name, places).map(path => ({ path, text: agentOf(poller) })),
  paths: (name, { units }) => [join(units, `${labelOf(name)}.plist`)],
  isOurs: (text, name) =>
    // The parser has its say on stderr about what is no property list at all.
    text.includes(`>${labelOf(name)}<`) && argumentsIn(text).slice(2).join(' ') === argumentsFor(name).join(' '),
  start: (name, places) => [
    // Somebody may have disabled it by hand, which outlives the file.
    { command: ['launchctl', 'enable', serviceOf(name, places)] },
    {
      command: ['launchctl', 'bootstrap', sessionOf(places), ...launchd.paths(name, places)],
      passing: /^Bootstrap failed: (5|37):/m, // right after a bootout, which goes on in the background
    },
  ],
  pause: (name, places) => launchd.stop(name, places), // launchd has no way to keep what is at work
  stop: (name, places) => [{ command: ['launchctl', 'bootout', serviceOf(name, places)], nothingThere: NOT_LOADED }],
  forget: () => [],
  remedy: 'Pollers need your own session on this Mac: log in at its screen, and try again in a terminal there.',
}

/** The number of ESRCH, or, of newer systems, of EIO. */
const NOT_LOADED = /^Boot-out failed: (3|5|113):|No such process|Could not find (specified )?service/m

const argumentsFor = (name: Segment): string[] => ['poller', 'run-now', name, '--scheduled']

function agentOf({ name, node, main, folder, environment, everyMs }: Poller): string {
  const agent = {
    Label: labelOf(name),
    ProgramArguments: [node, main, ...argumentsFor(name)],
    WorkingDirectory: folder,
    EnvironmentVariables: environment,
    StartInterval: Math.round(everyMs / 1000),
    RunAtLoad: true,
    // From the request to end, which is handed on to all that it started, to being killed.
    ExitTimeOut: 45,
    // Its output is in a log of bounded size, which it writes itself: launchd's would grow for ever.
    StandardOutPath: '/dev/null',
    StandardErrorPath: '/dev/null',
  }
  return `${build(agent)}\n`
}

function argumentsIn(text: string): unknown[] {
  try {
    const { ProgramArguments } = parse(text) as { ProgramArguments?: unknown }
    return Array.isArray(ProgramArguments) ? ProgramArguments : []
  } catch {
    return [] // whatever it is, it is not ours
  }
}
