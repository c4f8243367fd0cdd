// `runlet` alone: where one is, and the next three things to type there. No request is made, and nothing is changed.
import { findConfig } from '../config.ts'
import { ConfigError } from '../errors.ts'
import { checkoutsAround } from '../integrations/worktree/checkout.ts'
import { readInstall } from '../integrations/worktree/records.ts'
import { Output } from './output.ts'
import { printable } from './table.ts'

interface Situation {
  /** Undefined where nothing names a store. `source`: what names it. */
  readonly config: { readonly store: string; readonly namespace: string; readonly source: string } | undefined
  /** `ours`: a worktree that has a namespace; `new`: one that gets it with its first command; `hooked`: a repository whose new ones will. */
  readonly git: 'none' | 'repository' | 'hooked' | 'new' | 'ours'
  /** Whether this is inside of `runlet run`. */
  readonly inRun: boolean
}

type Step = readonly [command: string, does: string]

const RUN: Step = ['runlet run -- ./job.sh', 'run a program in a namespace of its own, folded when it exits with 0']
const LIST: Step = ['runlet ls', 'list what the namespace holds']
const INSTALL: Step = ['runlet worktree install', 'give each new git worktree a namespace of its own']

export async function welcome(): Promise<void> {
  await new Output({}).write(welcomeText(await look()))
}

/** @throws ConfigError when there is a configuration that is wrong */
async function look(): Promise<Situation> {
  const inRun = process.env.RUNLET_RUN_ID !== undefined
  try {
    const { worktree, ...config } = await findConfig()
    const git = worktree ? (worktree.attached ? 'ours' : 'new') : await repositoryHere()
    return { config, git, inRun }
  } catch (error) {
    // Of what is configured in part, or wrongly, the error says what to do.
    if (!(error instanceof ConfigError && error.source === 'store')) throw error
    return { config: undefined, git: await repositoryHere(), inRun }
  }
}

async function repositoryHere(): Promise<Situation['git']> {
  for await (const { commonDir } of checkoutsAround(process.cwd()))
    return (await readInstall(commonDir)) ? 'hooked' : 'repository'
  return 'none'
}

function welcomeText(situation: Situation): string {
  const steps = stepsIn(situation)
  const width = Math.max(...steps.map(([command]) => command.length))
  return [
    'runlet: a namespace of its own for each pipeline run or git worktree, folded into its parent.',
    printable(whereIn(situation)),
    '',
    ...steps.map(([command, does]) => `  ${command.padEnd(width)}   ${does}`),
    '',
    'All verbs: runlet --help. One of them, with examples: runlet help VERB.',
    '',
  ].join('\n')
}

function whereIn({ config, git, inRun }: Situation): string {
  if (!config) return 'Nothing here says which store to use. Next:'
  const { store, namespace, source } = config
  const which = inRun ? `Inside of the run ${namespace}` : `Here: namespace ${namespace}`
  const child = git === 'new' ? ', of which this worktree gets a child with its first command' : ''
  return `${which}, store ${store} (${source})${child}. Next:`
}

function stepsIn({ config, git, inRun }: Situation): readonly Step[] {
  if (!config) {
    const init: Step = ['runlet init', 'write runlet.config.json here, make the store and the namespace']
    return [init, RUN, git === 'none' ? LIST : INSTALL]
  }
  if (inRun) {
    return [
      ['runlet put PATH FILE', 'write to the run; seen by others when it is folded'],
      LIST,
      ['runlet log -n 5', 'list the newest commits'],
    ]
  }
  if (git === 'ours' || git === 'new') {
    return [
      LIST,
      ['runlet worktree status', 'tell what this worktree changed'],
      ['runlet worktree fold', 'fold it into the parent'],
    ]
  }
  return [RUN, LIST, git === 'repository' ? INSTALL : ['runlet runs', 'list the open runs: at work, kept, gone']]
}
