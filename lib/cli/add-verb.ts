// How a verb is added to the tree: what the help says of it, its examples, and the file that is loaded when it is called, so that
// `runlet --help` loads neither the library nor an SDK. What a verb is given is context.ts's.
import type { Command, OutputConfiguration } from '../vendor/commander.ts'
import type { SharedOptions, Verb } from './context.ts'
import { DONE } from './failure.ts'
import { Output } from './output.ts'

export interface Told {
  readonly does: string
  readonly more?: string
  /** Lines for a shell; a test has the tree parse each of them. */
  readonly examples: readonly [string, ...string[]]
  /** What to do about wrong usage, in place of reading the help. */
  readonly remedy?: string
}

interface About extends Told {
  readonly load: () => Promise<{ verb: Verb<never, never> }>
}

export type AddVerb = (syntax: string, about: About) => Command

/** Adds verbs below `parent`: the program, or one of its groups (`runlet worktree install`). */
export function verbsBelow(parent: Command, ends: (exitCode: number) => void): AddVerb {
  return (syntax, about) =>
    tell(parent.command(syntax), about).action(async (...given: unknown[]) => {
      const command = given.at(-1) as Command
      const shared = command.optsWithGlobals<SharedOptions>()
      const { verb } = await about.load()
      // What the parser hands over is what the syntax and the options of this verb say.
      const call = verb as Verb<unknown, unknown[]>
      const output = new Output(shared)
      try {
        ends((await call({ shared, output }, command.opts(), ...given.slice(0, -2))) ?? DONE)
      } finally {
        output.still()
      }
    })
}

/** Gives a verb its help, and the remedy that stands behind errors of its usage. */
export function tell(command: Command, { does, more, examples, remedy }: Told): Command {
  const title = examples.length > 1 ? 'Examples' : 'Example'
  return command
    .summary(does)
    .description(more ? `${does}. ${more}` : does)
    .configureOutput(oneLineErrors(remedy ?? `See \`${fullName(command)} --help\`.`))
    .addHelpText('after', `\n${title}:\n${examples.map(example => `  $ ${example}`).join('\n')}`)
}

/** Such as `runlet worktree install`. */
export const fullName = (command: Command): string =>
  command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name()

/** Errors of usage on one line, as all other errors are. `otherwise`: the remedy, where the parser has none. */
export function oneLineErrors(otherwise: string): OutputConfiguration {
  return {
    outputError: (text, write) => {
      const [problem = '', hint] = text
        .replace(/^error: /, '')
        .trim()
        .split(/\n|\. (?=Allowed choices)/)
      const remedy = hint ? hint.replace(/^\(|\)$/g, '') : otherwise
      write(`runlet: ${problem}. ${remedy} [ERR_RUNLET_USAGE]\n`)
    },
  }
}
