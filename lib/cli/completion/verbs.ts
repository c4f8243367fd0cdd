// `runlet completion SHELL`, which prints what a shell is to load, and the hidden verb that what is printed asks at each TAB. All that is
// offered is found in the tree of verbs itself (wanted.ts), so there is no second list of them.
import { Argument, type Command } from '../../vendor/commander.ts'
import type { AddVerb } from '../add-verb.ts'
import { ASK, SHELLS } from './ask.ts'

export function addCompletionVerbs(program: Command, add: AddVerb): void {
  add('completion', {
    does: 'print what makes TAB complete runlet in a shell',
    more: 'Verbs, options, their choices, files, open runs and pollers. Load what it prints in ~/.bashrc, or in ~/.zshrc after compinit; for zsh and fish it can also lie where they look by themselves.',
    examples: [
      'source <(runlet completion bash)',
      'source <(runlet completion zsh)',
      'runlet completion zsh > "$fpath[1]/_runlet"',
      'runlet completion fish > ~/.config/fish/completions/runlet.fish',
    ],
    load: () => import('./script.ts'),
  }).addArgument(new Argument('<shell>', 'the shell that is to load it').choices(SHELLS))
  program.command(`${ASK} [words...]`, { hidden: true }).action(async (words: string[]) => {
    const { answer } = await import('./answer.ts')
    await answer(program, words)
  })
}
