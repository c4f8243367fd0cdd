// The verbs that stand right below `runlet`: their arguments, options and examples. What a verb does is in a file of its own, loaded when
// it is called. What stands for a value is named after what it is (`<file>`, `<folder>`, `<run>`, `<policy>`): the shell's completion goes
// by it (completion/wanted.ts). Those of a group (`runlet worktree install`) are in the group's folder.
import type { AddVerb } from './add-verb.ts'
import { ON_CONFLICT } from './on-conflict.ts'
import { onErrorOption } from './on-error.ts'

export function addNamespaceVerbs(add: AddVerb): void {
  add('init', {
    does: 'write runlet.config.json here, make the store and the namespace',
    examples: [
      'runlet init',
      "runlet init --store 's3://bucket/prefix?endpoint=http://127.0.0.1:9000' --namespace main",
    ],
    load: () => import('./init.ts'),
  }).option('--force', 'overwrite a configuration that says something else')
  add('put <path> [file]', {
    does: 'write a file, or standard input, to a path',
    examples: ['runlet put notes/report.csv report.csv', 'echo hello | runlet put notes/hello.txt'],
    load: () => import('./put.ts'),
  })
    .option('-m, --message <text>', 'what `runlet log` shows')
    .option(...ON_CONFLICT)
  add('get <path>', {
    does: 'write the value of a path to standard output, or to a file',
    examples: ['runlet get notes/hello.txt', 'runlet get notes/report.csv -o report.csv'],
    load: () => import('./get.ts'),
  }).option('-o, --output <file>', 'the file to write; it appears whole or not at all')
  add('ls [prefix]', {
    does: 'list paths, in order',
    examples: ['runlet ls notes/ -l', 'runlet ls --json'],
    load: () => import('./ls.ts'),
  }).option('-l, --long', 'with size, time and seq')
  add('rm <paths...>', {
    does: 'remove paths, in one commit',
    examples: ['runlet rm notes/hello.txt notes/old.txt'],
    load: () => import('./rm.ts'),
  })
    .option('-f, --force', 'paths that do not exist are no error')
    .option('-m, --message <text>', 'what `runlet log` shows')
  add('log', {
    does: 'list the commits, newest first',
    examples: ['runlet log -n 10'],
    load: () => import('./log.ts'),
  }).option('-n, --number <count>', 'how many (default: all)')
}

export function addCopyVerbs(add: AddVerb): void {
  const dir = [
    '--dir <folder>',
    'the working copy (default: the nearest one above this folder, else this folder)',
  ] as const
  const prefix = ['--prefix <prefix>', 'of a new copy: only the paths that start with this'] as const
  add('pull [paths...]', {
    does: 'bring into a directory what the namespace changed',
    more: 'A path that was changed on both sides is a conflict: the directory keeps its own, and the exit code is 1.',
    examples: [
      'runlet pull --dir copy --prefix results/   # the first time; later just `runlet pull` inside it',
      'runlet pull --theirs results/today.json    # settles a conflict',
    ],
    load: () => import('./pull.ts'),
  })
    .option('--ours', 'settle conflicts (of the named paths): keep what the directory has')
    .option('--theirs', 'settle conflicts (of the named paths): take what the namespace has')
    .option(...dir)
    .option(...prefix)
  add('push [files...]', {
    does: 'commit what a directory changed, in one commit',
    more: 'With files or folders, only what lies there is looked at.',
    examples: ['runlet push -m "nightly figures"', 'runlet push results/today.json -m "today"'],
    load: () => import('./push.ts'),
  })
    .option('-m, --message <text>', 'what `runlet log` shows')
    .option(...dir)
    .option(...prefix)
  add('status', {
    does: 'list what a push would do, and open conflicts',
    examples: ['runlet status'],
    load: () => import('./status.ts'),
  }).option(...dir)
}

export function addRunVerbs(add: AddVerb): void {
  addRun(add)
  add('fork <id>', {
    does: 'fork a run and print its full name',
    examples: ['runlet fork import-7', 'runlet put --namespace "$(runlet fork import-8)" data.json data.json'],
    load: () => import('./fork.ts'),
  })
    .option('--label <text>', 'for `runlet runs`')
    .option(...ON_CONFLICT)
  add('fold <run>', {
    does: 'fold a run into its parent; folding it again changes nothing',
    examples: ['runlet fold import-7', "runlet fold import-7 --on-conflict 'logs/**=union-lines'"],
    load: () => import('./fold.ts'),
  })
    .option('-m, --message <text>', 'what `runlet log` shows')
    .option(...ON_CONFLICT)
  add('discard <run>', {
    does: 'end a run without folding it',
    examples: ['runlet discard import-7'],
    load: () => import('./discard.ts'),
  })
  add('runs', {
    does: 'list the open runs of the namespace',
    examples: ['runlet runs', 'runlet runs --json'],
    load: () => import('./runs.ts'),
  })
}

function addRun(add: AddVerb): void {
  add('run <program> [arguments...]', {
    does: 'run a program in a child namespace, and fold it',
    more: 'The program gets RUNLET_STORE, RUNLET_NAMESPACE, RUNLET_RUN_ID and RUNLET_DIR. What it writes to the namespace, and the files that it leaves in RUNLET_DIR, are folded into the parent if it exits with 0. With --sync, a killed run keeps what the folder had at the last round, where a file may be half-written.',
    examples: [
      "runlet run -- sh -c 'date > $RUNLET_DIR/when.txt'",
      'runlet run --singleton nightly --timeout 10m -- ./nightly.sh   # one at a time, on all machines',
      'runlet run --copy --prefix results/ -- ./report.sh             # RUNLET_DIR has what the run has there',
    ],
    remedy: 'The program and its own options stand after `--`; see `runlet run --help`.',
    load: () => import('./run.ts'),
  })
    .usage('[options] -- <program> [arguments...]')
    .option('--id <id>', 'the name of the run (default: made of the program, the time and chance)')
    .option('--resume', 'go on with the run --id if its owner is gone')
    .option('--singleton <key>', 'only one at a time, on all machines; exit 75 if another one is running')
    .addOption(onErrorOption('what becomes of the run when the program fails', 'keep'))
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
}

export function addUpkeepVerbs(add: AddVerb): void {
  add('locks', {
    does: 'list the locks of the namespace: who holds them, and since when',
    examples: ['runlet locks'],
    load: () => import('./locks.ts'),
  })
  add('top', {
    does: 'show live who works, who holds and who waits, and for how long',
    more: 'In a terminal it redraws in place until q or Ctrl-C; elsewhere it writes a line for each look, with --json a document. A look costs at most 48 requests, most of them answered without a body: ten or so with three open runs.',
    examples: ['runlet top', 'runlet top --every 10s --json >> watch.ndjson'],
    load: () => import('./top.ts'),
  })
    .option('--every <duration>', 'how often to look, from 500ms', '2s')
    .option('-n, --number <count>', 'end after so many looks')
  add('report', {
    does: 'write what became of the runs, and when, as a page for a browser',
    more: 'The page is one file that needs no network: a lane for each run, the commits and the locks, with filters. It is made of what lies in the store: a request for each run.',
    examples: ['runlet report --html report.html'],
    load: () => import('./report.ts'),
  })
    .requiredOption('--html <file>', 'the file to write; - is standard output')
    .option('--runs <count>', 'how many runs at most: the open ones, then the newest', '1000')
  add('compact', {
    does: 'merge the layers of the index into one',
    examples: ['runlet compact'],
    load: () => import('./compact.ts'),
  })
  add('sweep', {
    does: 'finish what crashes interrupted, and delete what nothing reaches',
    more: 'Sweeps the whole store, or with --namespace one namespace and its runs. What is no longer used is deleted an hour after a sweep has found it; what killed writers left, a day later. Nobody has to pause, and several machines may sweep at once.',
    examples: ['runlet sweep --dry-run', 'runlet sweep --every 5m'],
    load: () => import('./sweep.ts'),
  })
    .option('--dry-run', 'say what would be done, and change nothing')
    .option('--every <duration>', 'again and again, like 5m, until it is ended')
    .option('--keep <duration>', 'how long runs without an owner are kept whose fork chose that', '14d')
  add('doctor', {
    does: 'try every property that the store must have',
    examples: ['runlet doctor', "runlet doctor --store 's3://bucket/prefix?endpoint=http://127.0.0.1:9000'"],
    load: () => import('./doctor.ts'),
  })
}
