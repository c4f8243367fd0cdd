// How a block of shell is executed: line by line, each in a shell of its own, as somebody types them, in a world made for it. What a
// line sets for those after it (`cd`, `export`, a variable) is said again before each of them.
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { missing } from '../cli/shells.ts'
import { type Started, startProgram, until } from '../cli/support.ts'
import { blockOf, type Row } from './row.ts'
import { aWorld, type World } from './world.ts'

export interface Script extends Row {
  /** Makes what the block takes for granted. */
  readonly prepare?: (world: World) => Promise<unknown>
  /** What stands in the page for want of the world at hand. */
  readonly replace?: (world: World, text: string) => string
  /** What is known of single lines; of the others, that they exit with 0. */
  readonly lines?: readonly Line[]
  /** Looks at what the block left. */
  readonly settled?: (world: World) => Promise<unknown>
}

export interface Line {
  /** What only this line of the block has. */
  readonly has: RegExp
  /** What has happened before it is typed. */
  readonly prepare?: (world: World) => Promise<unknown>
  readonly shell?: 'zsh'
  /** What was typed before it in the same shell. */
  readonly typed?: string
  /** What then works in the same shell. */
  readonly afterwards?: string
  readonly stdout?: RegExp
  readonly stderr?: RegExp
  /** Looks closer at its stdout. */
  readonly check?: (stdout: string) => void
  /** It goes on until Ctrl-C: pressed when this has been said, on stdout or stderr. */
  readonly goesOnFrom?: RegExp
}

/** Some lines are whole demos. */
const LIMIT_MS = 300_000

const SETTING = /^(cd |export |\w+=('[^']*'|"[^"]*"|\S*)\s*(#|$))/

/** The commands of a block: lines that are not blank; what ends in a backslash goes on in the next one. */
export const commandsIn = (text: string): string[] =>
  text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter(line => line.trim() !== '')

/** Runs a block in a world of its own, each line as a test. */
export async function execute(script: Script, context: TestContext): Promise<void> {
  const { text } = blockOf(script)
  const world = await aWorld()
  try {
    await script.prepare?.(world)
    const here = await world.atServer(script.replace?.(world, text) ?? text)
    const commands = commandsIn(here)
    const known = (script.lines ?? []).map(line => ({ line, command: theOneWith(line.has, commands) }))
    for (const [i, command] of commands.entries()) {
      const settings = commands.slice(0, i).filter(earlier => SETTING.test(earlier))
      const line = known.find(one => one.command === command)?.line ?? { has: /^/ }
      const skip = line.shell && !process.env.CI && missing(line.shell)
      await context.test(command, { skip: skip || false }, () => perform(world, line, [...settings, command]))
    }
    await script.settled?.(world)
  } finally {
    await world.close()
  }
}

function theOneWith(has: RegExp, commands: readonly string[]): string {
  const [command, ...others] = commands.filter(command => has.test(command))
  assert.ok(command, `no line of the block has ${has}`)
  assert.deepEqual(others, [], `more than one line of the block has ${has}`)
  return command
}

async function perform(world: World, line: Line, lines: readonly string[]): Promise<void> {
  await line.prepare?.(world)
  const before = line.typed === undefined ? [] : [line.typed]
  const after = line.afterwards === undefined ? [] : [`test $? = 0 && ${line.afterwards}`]
  // A group of its own: Ctrl-C reaches all that the line has started.
  const at = { cwd: world.folder, env: world.env, detached: true, limitMs: LIMIT_MS }
  const started = startProgram(line.shell ?? 'bash', ['-c', [...before, ...lines, ...after].join('\n')], at)
  try {
    if (line.goesOnFrom) await interrupt(started, line.goesOnFrom)
    const { code, stdout, stderr } = await started.ended
    assert.equal(code, line.goesOnFrom ? 130 : 0, `exit ${code}\n${stdout}\n${stderr}`)
    if (line.stdout) assert.match(stdout, line.stdout)
    if (line.stderr) assert.match(stderr, line.stderr)
    line.check?.(stdout)
  } finally {
    signalGroup(started, 'SIGKILL')
  }
}

async function interrupt(started: Started, from: RegExp): Promise<void> {
  const { said, ended } = started
  const over = ended.then(() => true)
  await until(`${from} from a line that goes on`, async () => {
    if (from.test(said())) return true
    assert.ok(!(await Promise.race([over, Promise.resolve(false)])), `it did not go on: ${said()}`)
    return false
  })
  signalGroup(started, 'SIGINT')
}

/** Nothing is done where all of the group has ended. */
function signalGroup({ process: { pid } }: Started, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
