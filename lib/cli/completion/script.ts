// `runlet completion SHELL`: prints the script. Each is thin: it hands the words to `runlet __complete` and shows the answer in the way of
// its shell. None evaluates what stands on the line: `$(…)` there must not run because somebody pressed TAB.
import type { Verb } from '../context.ts'
import type { Shell } from './ask.ts'
import { bashScript } from './bash.ts'
import { fishScript } from './fish.ts'
import { zshScript } from './zsh.ts'

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: bashScript, zsh: zshScript, fish: fishScript }

export const verb: Verb<object, [shell: Shell]> = async ({ output }, _options, shell) => {
  await output.write(SCRIPTS[shell])
  return undefined
}
