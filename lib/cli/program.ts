// The tree of verbs, and what a call of `runlet` comes to: its exit code. The verbs themselves are declared in verbs.ts and in the folders
// of the groups; nothing of the library is loaded until one of them is called.
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from '../vendor/commander.ts'
import { type AddVerb, oneLineErrors, type Told, tell, verbsBelow } from './add-verb.ts'
import { addCompletionVerbs } from './completion/verbs.ts'
import { DONE, describeFailure, exitCodeOf, WRONG_USAGE } from './failure.ts'
import { addHelpVerb } from './help.ts'
import { HELP_WIDTH } from './help-written.ts'
import { addPollerVerbs } from './poller/verbs.ts'
import { addExportVerbs, addImportVerbs } from './swamp/verbs.ts'
import { addCopyVerbs, addNamespaceVerbs, addRunVerbs, addUpkeepVerbs } from './verbs.ts'
import { addWorktreeVerbs } from './worktree/verbs.ts'

/** Runs the command; resolves to its exit code and never rejects. */
export async function main(argv: readonly string[]): Promise<number> {
  let exitCode = DONE
  const program = makeProgram(code => {
    exitCode = code
  })
  showWarningsIf(() => program.opts().verbose === true)
  try {
    if (argv.length === 0) await (await import('./welcome.ts')).welcome()
    else await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    // The parser has told already what it did not understand; that it showed the help is no failure.
    if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : WRONG_USAGE
    process.stderr.write(`${describeFailure(error, { verbose: program.opts().verbose === true })}\n`)
    return exitCodeOf(error)
  }
}

/** Node's warnings (an SDK that will not support this version of Node much longer) are for developers: not on everybody's stderr. */
function showWarningsIf(verbose: () => boolean): void {
  process.removeAllListeners('warning')
  process.on('warning', warning => {
    if (verbose()) process.stderr.write(`${warning.stack}\n`)
  })
}

/** The whole tree. `ends` is told the exit code of the verb that was called. */
export function makeProgram(ends: (exitCode: number) => void): Command {
  const program = withoutVerbs()
  const verbs = verbsBelow(program, ends)
  const under = (heading: string) => program.commandsGroup(`${heading}:`)
  under('The namespace')
  addNamespaceVerbs(verbs)
  under('A working copy of it')
  addCopyVerbs(verbs)
  under('Runs')
  addRunVerbs(verbs)
  under('Upkeep')
  addUpkeepVerbs(verbs)
  under('Together with others')
  addGroups(program, ends)
  under('The command itself')
  addCompletionVerbs(program, verbs)
  addHelpVerb(program, 'runlet help run', 'runlet help worktree install')
  return program
}

function withoutVerbs(): Command {
  return new Command('runlet')
    .description('Child namespaces for pipeline runs, folded into their parent.')
    .version(versionOfPackage(), '-V, --version')
    .option(
      '--store <url>',
      's3://bucket/prefix?endpoint=…, or file:./folder (default: RUNLET_STORE, runlet.config.json)',
    )
    .option(
      '--namespace <name>',
      'the namespace to work on (default: RUNLET_NAMESPACE, that of the git worktree, runlet.config.json)',
    )
    .option('--json', 'results as JSON, lists as one JSON document a line')
    .option('-q, --quiet', 'no messages but errors')
    .option('--verbose', 'the stack and the causes of an error')
    .option('--no-color', 'no colours (so does NO_COLOR)')
    .configureHelp({
      showGlobalOptions: true,
      minWidthToWrap: 16,
      subcommandTerm: termOf,
    })
    .configureOutput({
      ...oneLineErrors('See `runlet --help`.'),
      getOutHelpWidth: () => Math.min(process.stdout.columns ?? HELP_WIDTH, HELP_WIDTH),
      getErrHelpWidth: () => Math.min(process.stderr.columns ?? HELP_WIDTH, HELP_WIDTH),
    })
    .addHelpText('after', '\nWhat to type first: `runlet` alone says it.\nA verb, with examples: `runlet help VERB`.')
    .exitOverride()
}

/** A verb in the list of verbs. Each has options; what it takes is left out where no room would be left to say what it does. */
function termOf(verb: Command): string {
  const term = `${verb.name()} ${verb.usage().replace(/^\[options\] ?/, '')}`.trimEnd()
  return term.length < HELP_WIDTH / 2 ? term : `${verb.name()} …`
}

function addGroups(program: Command, ends: (exitCode: number) => void): void {
  const group = (name: string, told: Told, addVerbs: (add: AddVerb) => void) => {
    const above = tell(program.command(name), told)
    addVerbs(verbsBelow(above, ends))
    addHelpVerb(above, `runlet ${name} help ${above.commands[0]?.name()}`)
  }
  group('worktree', WORKTREE, addWorktreeVerbs)
  group('poller', POLLER, addPollerVerbs)
  group('import', IMPORT, addImportVerbs)
  group('export', EXPORT, addExportVerbs)
}

const WORKTREE: Told = {
  does: 'give each git worktree a namespace of its own',
  examples: ['runlet worktree install', 'runlet worktree status', 'runlet worktree fold -m "the new parser"'],
}
const POLLER: Told = {
  does: 'have programs started every so often, each time in a run',
  examples: [
    'runlet poller install mail --every 2m -- ./poll-mail.sh inbox',
    'runlet poller list',
    'runlet poller logs mail',
  ],
}
const IMPORT: Told = {
  does: 'take over what another tool keeps in a bucket',
  examples: ['runlet import help swamp'],
}
const EXPORT: Told = { does: 'give it back to that tool', examples: ['runlet export help swamp'] }

function versionOfPackage(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}
