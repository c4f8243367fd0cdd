// `runlet worktree install`: puts the post-checkout hook where git runs it; where a hook manager owns the hooks, prints the lines that call
// runlet from them, on stdout. Asks no store.
import { relative } from 'node:path'
import { findConfig } from '../../config.ts'
import { type Installed, install } from '../../integrations/worktree/install.ts'
import type { Wiring } from '../../integrations/worktree/managers.ts'
import type { OnRemoved } from '../../integrations/worktree/records.ts'
import { type Repository, repositoryAt } from '../../integrations/worktree/repository.ts'
import type { Verb } from '../context.ts'
import type { Output } from '../output.ts'
import { leftMessage } from './messages.ts'

export const verb: Verb<{ onRemoved?: OnRemoved }, []> = async ({ output }, { onRemoved }) => {
  const repository = await repositoryAt(process.cwd())
  const installed = await install(repository, onRemoved)
  if (output.json) await output.document(installed)
  else {
    if (installed.hook !== undefined) tellOfHook(installed, repository, output)
    for (const wiring of installed.wirings) await tellOfWiring(wiring, output)
    if (installed.hook === undefined && installed.before !== undefined) output.say(leftMessage(installed.before))
    if (installed.older > 0)
      output.say(
        `${installed.older} older worktrees stay as they are: \`runlet worktree attach\` in one gives it a namespace`,
      )
  }
  await warn(output)
  return undefined
}

function tellOfHook({ hook = '', was, before }: Installed, { relativeHooks }: Repository, output: Output): void {
  const told = {
    absent: `installed ${hook}: each new worktree gets a namespace of its own`,
    installed: `${hook} is installed already`,
    edited: `${hook} was edited since it was installed, and is left as it is`,
  }[was]
  output.say(told)
  if (before !== undefined) output.say(`the hook that was there runs first: ${before}`)
  if (relativeHooks !== undefined)
    output.say(`core.hooksPath is "${relativeHooks}", in each worktree: commit the hook, so that new ones have it`)
}

async function tellOfWiring({ by, file, lines, finish, isThere }: Wiring, output: Output): Promise<void> {
  const shown = relative(process.cwd(), file) || file
  const owner = by === 'core.hooksPath' ? 'core.hooksPath is shared by your repositories' : `${by} owns the hooks here`
  if (isThere) return output.say(`${owner}, and ${shown} calls runlet already`)
  output.say(
    `${owner}, so no hook was written. Add these lines to ${shown}${finish ? `, then run \`${finish}\`` : ''}:`,
  )
  for (const line of lines) await output.line(line)
}

/** What would keep worktrees from using their namespaces. */
async function warn(output: Output): Promise<void> {
  if (process.env.RUNLET_NAMESPACE)
    output.say('RUNLET_NAMESPACE is set, and wins over the namespace of a worktree: leave it to runlet.config.json')
  const config = await findConfig().catch(() => undefined)
  if (!config) output.say('nothing says which store to use yet: `runlet init` writes runlet.config.json')
}
