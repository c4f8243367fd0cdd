// The verbs of `runlet poller`: their arguments, options and examples.
import { type Command, Option } from '../../vendor/commander.ts'
import type { AddVerb } from '../add-verb.ts'
import { onErrorOption } from '../on-error.ts'

export function addPollerVerbs(add: AddVerb): void {
  addInstall(add)
  add('list', {
    does: 'list the pollers: how often they ran, failed and were skipped, and the last result',
    examples: ['runlet poller list'],
    load: () => import('./list.ts'),
  })
  add('logs <poller>', {
    does: 'show what a poller said, newest last',
    examples: ['runlet poller logs mail -n 20', 'runlet poller logs mail --follow'],
    load: () => import('./logs.ts'),
  })
    .option('-n, --number <count>', 'how many lines', '50')
    .option('-f, --follow', 'and what comes, until it is ended')
  add('run-now <poller>', {
    does: 'start a poller at once, as its timer would, and wait for it',
    more: 'Its output is shown and goes to the log; the exit code is that of the command, 124 when its time was up, 75 when it was skipped because it is at work already.',
    examples: ['runlet poller run-now mail'],
    load: () => import('./run-now.ts'),
  }).addOption(new Option('--scheduled', 'started by the timer').hideHelp())
  add('uninstall <poller>', {
    does: 'stop a poller, and remove all that was written for it',
    examples: ['runlet poller uninstall mail'],
    load: () => import('./uninstall.ts'),
  })
}

function addInstall(add: AddVerb): Command {
  return add('install <name> <program> [arguments...]', {
    does: 'have a program started every so often, each time in a run of its own',
    more: 'By launchd on macOS, by systemd on Linux: `runlet run --singleton NAME`, so that one that is due while another is at work is skipped. Store, namespace, folder, PATH and AWS_PROFILE are written down as they are here and now; secrets are not. Installing again replaces.',
    examples: [
      "runlet poller install mail --every 60s --timeout 5m -- ./poll-mail.sh 'in box'",
      'runlet poller install sweep --every 1h --print -- runlet sweep   # shows it, and does nothing',
    ],
    remedy: 'The program and its own options stand after `--`; see `runlet poller install --help`.',
    load: () => import('./install.ts'),
  })
    .usage('[options] <name> --every <duration> -- <program> [arguments...]')
    .requiredOption('--every <duration>', 'how often, from 10s to 30d, in whole seconds')
    .option('--jitter <duration>', 'put each start off by up to so much (default: a tenth of --every, at most 30s)')
    .option('--timeout <duration>', 'end the program, and all that it started, after that long')
    .addOption(onErrorOption('what becomes of the run of a start that fails', 'discard'))
    .option('--print', 'show what would be written and run, and do nothing')
}
