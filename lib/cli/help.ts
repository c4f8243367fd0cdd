// `runlet help VERB…`: the same as `VERB… --help`, for verbs in groups too (`runlet help worktree install`). The parser's own help
// verb knows one level only, and shows something for what is no verb.
import type { Command } from '../vendor/commander.ts'
import { fullName, tell } from './add-verb.ts'

/** Below the program, or below one of its groups. */
export function addHelpVerb(parent: Command, ...examples: [string, ...string[]]): void {
  parent.helpCommand(false)
  tell(parent.command('help [verb...]'), { does: 'show what a verb does, its options and examples', examples }).action(
    (path: string[]) => showHelp(parent, path),
  )
}

async function showHelp(above: Command, [name, ...deeper]: string[]): Promise<void> {
  if (name === undefined) return above.help()
  const verb = above.commands.find(command => command.name() === name)
  if (verb) return showHelp(verb, deeper)
  if (above.commands.length === 0) above.error(`error: ${fullName(above)} has no verb '${name}'`)
  // It says that there is none, and which one may be meant.
  await above.parseAsync([name], { from: 'user' })
}
