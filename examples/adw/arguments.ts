// What the example takes on its command line, parsed before anything is made.
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parseCommandString } from 'execa'
import type { Mode } from './place.ts'

export const USAGE = `Usage: npm run demo:adw -- [--workflows N] [--runs] [--shared] [--repo PATH] [--id ID] [options]

Takes N tasks (1 to 50, by default 6) through plan, build, test, review and document at the same time, each in a git worktree
of its own, and tells how long they waited for the store.

  --runs            a run for each workflow (the default)
  --shared          one namespace for all; with --runs too, one after the other, to compare
  --repo PATH       the repository (default: a small one, made in a temporary folder)
  --id ID           what the workflows' names begin with; one that is known is gone on with (default: a new one)
  --task TEXT       for all, or once for each workflow (default: comment the functions of a source file)
  --agent 'CMD …'   reads a prompt on stdin, works in the current folder, prints its answer (default: ADW_AGENT, or agent.mjs)
  --test 'CMD …'    the test phase (default: node --test)
  --store URL       default: RUNLET_STORE, or a file store beside the worktrees; RUNLET_NAMESPACE names the parent
  --ttl DURATION    how long a workflow is out of reach once its driver was killed, like 90s or 2m (default: 15s; 1s to 1h)

CMD is split at spaces, without a shell; a backslash keeps one.
`

const DEFAULT_AGENT = [process.execPath, fileURLToPath(new URL('./agent.mjs', import.meta.url))]

const OPTIONS = {
  workflows: { type: 'string', default: '6' },
  runs: { type: 'boolean' },
  shared: { type: 'boolean' },
  repo: { type: 'string' },
  id: { type: 'string' },
  task: { type: 'string', multiple: true, default: [] as string[] },
  agent: { type: 'string' },
  test: { type: 'string', default: 'node --test' },
  store: { type: 'string' },
  ttl: { type: 'string', default: '15s' },
  help: { type: 'boolean', short: 'h' },
} as const

/** The command line cannot be understood; its message says why. */
export class UsageError extends Error {}

export type Arguments = ReturnType<typeof parseArguments>

export function parseArguments(args: readonly string[], environment: NodeJS.ProcessEnv = process.env) {
  const { workflows, task: tasks, ttl, id = randomBytes(3).toString('hex'), ...given } = parse(args)
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(id)) throw new UsageError(`--id: "${id}" has other than a-z, 0-9 and "-".`)
  if (tasks.includes('')) throw new UsageError('--task: is empty.')
  const store = given.store ?? environment.RUNLET_STORE
  if (store?.startsWith('memory:')) throw new UsageError('--store: a memory store would not outlive a crash.')
  const agent = given.agent ?? environment.ADW_AGENT
  // One namespace for all goes first: it begins empty.
  const modes: Mode[] = given.shared ? (given.runs ? ['shared', 'runs'] : ['shared']) : ['runs']
  return {
    ...given,
    id,
    modes,
    tasks,
    store,
    workflows: wholeNumber('--workflows', workflows, 50),
    ttlMs: duration('--ttl', ttl),
    agent: agent ? commandOf('--agent', agent) : DEFAULT_AGENT,
    test: commandOf('--test', given.test),
    namespace: environment.RUNLET_NAMESPACE || 'adw',
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function wholeNumber(option: string, text: string, most: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= most) return value
  throw new UsageError(`${option}: "${text}" is not a whole number from 1 to ${most}.`)
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds, from what `runlet` takes for a duration too. */
function duration(option: string, text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? []
  const ms = Math.round(Number(number) * UNITS[unit as keyof typeof UNITS])
  if (ms >= UNITS.s && ms <= UNITS.h) return ms
  throw new UsageError(`${option}: "${text}" is no duration from 1s to 1h, like 90s or 2m.`)
}

function commandOf(option: string, text: string): readonly string[] {
  const command = parseCommandString(text)
  if (command.length > 0) return command
  throw new UsageError(`${option}: is empty.`)
}
