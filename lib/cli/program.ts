// The tree of verbs: their names, arguments, options and examples. What a verb does is in a file of its own, loaded when it is
// called: `runlet --help` loads neither the library nor an SDK.
import { readFileSync } from 'node:fs'
import { Command, CommanderError, type OutputConfiguration } from 'commander'
import type { SharedOptions, Verb } from './context.ts'
import { DONE, describeFailure, exitCodeOf, WRONG_USAGE } from './failure.ts'
import { ON_CONFLICT } from './on-conflict.ts'
import { Output } from './output.ts'
import { addPollerVerbs } from './poller/verbs.ts'
import { addExportVerbs, addImportVerbs } from './swamp/verbs.ts'
import { addWorktreeVerbs } from './worktree/verbs.ts'

/** Runs the command; resolves to its exit code and never rejects. */
export async function main(argv: readonly string[]): Promise<number> {
  let exitCode = DONE
  const program = makeProgram(code => {
    exitCode = code
  })
  // Each failed write reports to its own caller, and who reads the help may stop early; without a listener the event would end the process.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  showWarningsIf(() => program.opts().verbose === true)
  try {
    await program.parseAsync(argv, { from: 'user' })
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

function makeProgram(ends: (exitCode: number) => void): Command {
  const program = new Command('runlet')
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
    .configureHelp({ showGlobalOptions: true })
    .configureOutput(oneLineErrors('See `runlet --help`.'))
    .exitOverride()
  const verbs = makeVerbs(program, ends)
  addNamespaceVerbs(verbs)
  addCopyVerbs(verbs)
  addRunVerbs(verbs)
  addUpkeepVerbs(verbs)
  const group = (name: string, does: string) => makeVerbs(program.command(name).description(does), ends)
  addWorktreeVerbs(group('worktree', 'give each git worktree a namespace of its own'))
  addPollerVerbs(group('poller', 'have programs started every so often, each time in a run'))
  addImportVerbs(group('import', 'take over what another tool keeps in a bucket'))
  addExportVerbs(group('export', 'give it back to that tool'))
  return program
}

/** Errors of usage on one line, as all other errors are. `otherwise`: the remedy, where the parser has none. */
function oneLineErrors(otherwise: string): OutputConfiguration {
  return {
    outputError: (text, write) => {
      const [problem = '', hint] = text
        .replace(/^error: /, '')
        .trim()
        .split('\n')
      const remedy = hint ? hint.replace(/^\(|\)$/g, '') : otherwise
      write(`runlet: ${problem}. ${remedy} [ERR_RUNLET_USAGE]\n`)
    },
  }
}

function versionOfPackage(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}

type Loader = () => Promise<{ verb: Verb<never, never> }>
interface About {
  readonly does: string
  readonly more?: string
  readonly example: string
  /** What to do about wrong usage, in place of reading the help. */
  readonly remedy?: string
  readonly load: Loader
}
export type AddVerb = (syntax: string, about: About) => Command

/** Adds verbs below `parent`: the program, or one of its groups (`runlet worktree install`). */
function makeVerbs(parent: Command, ends: (exitCode: number) => void): AddVerb {
  const above = parent.parent ? `runlet ${parent.name()}` : 'runlet'
  return (syntax, { does, more, example, remedy, load }) =>
    parent
      .command(syntax)
      .summary(does)
      .description(more ? `${does}. ${more}` : does)
      .configureOutput(oneLineErrors(remedy ?? `See \`${above} ${syntax.split(' ')[0]} --help\`.`))
      .addHelpText('after', `\nExample:\n  $ ${example}`)
      .action(async (...given: unknown[]) => {
        const command = given.at(-1) as Command
        const shared = command.optsWithGlobals<SharedOptions>()
        const { verb } = await load()
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

function addNamespaceVerbs(add: AddVerb): void {
  add('init', {
    does: 'write runlet.config.json here, make the store and the namespace',
    example: 'runlet init --store file:.runlet/store --namespace main',
    load: () => import('./init.ts'),
  }).option('--force', 'overwrite a configuration that says something else')
  add('put <path> [file]', {
    does: 'write a file, or standard input, to a path',
    example: 'echo hello | runlet put notes/hello.txt',
    load: () => import('./put.ts'),
  })
    .option('-m, --message <text>', 'what `runlet log` shows')
    .option(...ON_CONFLICT)
  add('get <path>', {
    does: 'write the value of a path to standard output, or to a file',
    example: 'runlet get notes/hello.txt -o hello.txt',
    load: () => import('./get.ts'),
  }).option('-o, --output <file>', 'the file to write; it appears whole or not at all')
  add('ls [prefix]', {
    does: 'list paths, in order',
    example: 'runlet ls notes/ -l',
    load: () => import('./ls.ts'),
  }).option('-l, --long', 'with size, time and seq')
  add('rm <paths...>', {
    does: 'remove paths, in one commit',
    example: 'runlet rm notes/hello.txt notes/old.txt',
    load: () => import('./rm.ts'),
  })
    .option('-f, --force', 'paths that do not exist are no error')
    .option('-m, --message <text>', 'what `runlet log` shows')
  add('log', {
    does: 'list the commits, newest first',
    example: 'runlet log -n 10',
    load: () => import('./log.ts'),
  }).option('-n, --number <count>', 'how many (default: all)')
}

function addCopyVerbs(add: AddVerb): void {
  const dir = [
    '--dir <folder>',
    'the working copy (default: the nearest one above this folder, else this folder)',
  ] as const
  const prefix = ['--prefix <prefix>', 'of a new copy: only the paths that start with this'] as const
  add('pull [paths...]', {
    does: 'bring into a directory what the namespace changed',
    more: 'A path that was changed on both sides is a conflict: the directory keeps its own, and the exit code is 1.',
    example: 'runlet pull --dir results --prefix results/',
    load: () => import('./pull.ts'),
  })
    .option('--ours', 'settle conflicts (of the named paths): keep what the directory has')
    .option('--theirs', 'settle conflicts (of the named paths): take what the namespace has')
    .option(...dir)
    .option(...prefix)
  add('push [paths...]', {
    does: 'commit what a directory changed, in one commit',
    more: 'With paths, only what lies there is looked at.',
    example: 'runlet push results/today.json -m "today"',
    load: () => import('./push.ts'),
  })
    .option('-m, --message <text>', 'what `runlet log` shows')
    .option(...dir)
    .option(...prefix)
  add('status', {
    does: 'list what a push would do, and open conflicts',
    example: 'runlet status',
    load: () => import('./status.ts'),
  }).option(...dir)
}

function addRunVerbs(add: AddVerb): void {
  add('run <program> [arguments...]', {
    does: 'run a program in a child namespace, and fold it',
    more: 'The program gets RUNLET_STORE, RUNLET_NAMESPACE, RUNLET_RUN_ID and RUNLET_DIR. What it writes to the namespace, and the files that it leaves in RUNLET_DIR, are folded into the parent if it exits with 0. With --sync, a killed run keeps what the folder had at the last round, where a file may be half-written.',
    example: "runlet run --singleton nightly --timeout 10m -- sh -c 'date > $RUNLET_DIR/when.txt'",
    remedy: 'The program and its own options stand after `--`; see `runlet run --help`.',
    load: () => import('./run.ts'),
  })
    .usage('[options] -- <program> [arguments...]')
    .option('--id <id>', 'the name of the run (default: made of the program, the time and chance)')
    .option('--resume', 'go on with the run --id if its owner is gone')
    .option('--singleton <key>', 'only one at a time, on all machines; exit 75 if another one is running')
    .option('--on-error <what>', 'when the program fails: keep, discard or fold', 'keep')
    .option('--timeout <duration>', 'end the program after that long, like 500ms, 10s, 10m; exit 124')
    .option('--dir <folder>', 'RUNLET_DIR, in place of a fresh temporary folder')
    .option('--copy', 'RUNLET_DIR is a working copy: has what the run has; changes and deletions are pushed')
    .option('--prefix <prefix>', 'a working copy of only the paths that start with this')
    .option(
      '--sync <duration>',
      'bring changes in RUNLET_DIR into the run that often too, like 5s: a killed run keeps them',
    )
    .option('--ttl <duration>', 'how long the run is out of reach of others once this process died', '60s')
    .option('--label <text>', 'for `runlet runs` and `runlet locks` (default: the program, up to its first option)')
    .option(...ON_CONFLICT)
  add('fork <id>', {
    does: 'fork a run and print its full name',
    example: 'runlet put --namespace "$(runlet fork import-7)" data.json data.json',
    load: () => import('./fork.ts'),
  })
    .option('--label <text>', 'for `runlet runs`')
    .option(...ON_CONFLICT)
  add('fold <id>', {
    does: 'fold a run into its parent; folding it again changes nothing',
    example: "runlet fold import-7 --on-conflict 'logs/**=union-lines'",
    load: () => import('./fold.ts'),
  })
    .option('-m, --message <text>', 'what `runlet log` shows')
    .option(...ON_CONFLICT)
  add('discard <id>', {
    does: 'end a run without folding it',
    example: 'runlet discard import-7',
    load: () => import('./discard.ts'),
  })
  add('runs', {
    does: 'list the open runs of the namespace',
    example: 'runlet runs --json',
    load: () => import('./runs.ts'),
  })
}

function addUpkeepVerbs(add: AddVerb): void {
  add('locks', {
    does: 'list the locks of the namespace: who holds them, and since when',
    example: 'runlet locks',
    load: () => import('./locks.ts'),
  })
  add('top', {
    does: 'show live who works, who holds and who waits, and for how long',
    more: 'In a terminal it redraws in place until q or Ctrl-C; elsewhere it writes a line for each look, with --json a document. A look costs at most 48 requests, most of them answered without a body: ten or so with three open runs.',
    example: 'runlet top --every 2s',
    load: () => import('./top.ts'),
  })
    .option('--every <duration>', 'how often to look, from 500ms', '2s')
    .option('-n, --number <count>', 'end after so many looks')
  add('report', {
    does: 'write what became of the runs, and when, as a page for a browser',
    more: 'The page is one file that needs no network: a lane for each run, the commits and the locks, with filters. It is made of what lies in the store: a request for each run.',
    example: 'runlet report --html report.html',
    load: () => import('./report.ts'),
  })
    .requiredOption('--html <file>', 'the file to write; - is standard output')
    .option('--runs <count>', 'how many runs at most: the open ones, then the newest', '1000')
  add('compact', {
    does: 'merge the layers of the index into one',
    example: 'runlet compact',
    load: () => import('./compact.ts'),
  })
  add('sweep', {
    does: 'finish what crashes interrupted, and delete what nothing reaches',
    more: 'Sweeps the whole store, or with --namespace one namespace and its runs. What is no longer used is deleted an hour after a sweep has found it; what killed writers left, a day later. Nobody has to pause, and several machines may sweep at once.',
    example: 'runlet sweep --dry-run',
    load: () => import('./sweep.ts'),
  })
    .option('--dry-run', 'say what would be done, and change nothing')
    .option('--every <duration>', 'again and again, like 5m, until it is ended')
    .option('--keep <duration>', 'how long runs without an owner are kept whose fork chose that', '14d')
  add('doctor', {
    does: 'try every property that the store must have',
    example: "runlet doctor --store 's3://bucket/prefix?endpoint=http://127.0.0.1:9000'",
    load: () => import('./doctor.ts'),
  })
}
