// Shells as a user has them, with runlet and a program `only-here` on their PATH and its completion loaded as its help says. bash and zsh sit at a terminal, where
// TAB is pressed; fish tells by itself what it would offer. A shell that is not installed is said so by the test that needs it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { aFolder, RUNLET, startProgram, until } from './support.ts'

export type ShellName = 'bash' | 'zsh' | 'fish'

/** Why the tests of a shell cannot run here; undefined when they can. */
export function missing(shell: ShellName): string | undefined {
  const needed = shell === 'fish' ? [shell] : [shell, 'script']
  const gone = needed.find(program => spawnSync(program, ['--version'], { stdio: 'ignore' }).error)
  return gone && `${gone} is not installed: nothing was tested (apt-get install zsh fish bsdutils)`
}

export interface Shell {
  /** Presses TAB behind `line`; resolves when what is shown matches. */
  readonly offers: (line: string, shown: RegExp) => Promise<void>
  /** Presses TAB behind `line`; resolves to what was shown when the shell has gone on to the next line. */
  readonly tab: (line: string) => Promise<string>
  readonly close: () => void
}

export interface Surroundings {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** In place of what loads the completion, in bash and zsh. */
  readonly setUp?: string
}

export async function aShell(name: ShellName, surroundings: Surroundings): Promise<Shell> {
  const home = await aFolder()
  await mkdir(join(home, 'bin'))
  for (const [program, line] of Object.entries({ runlet: `exec ${RUNLET} "$@"`, 'only-here': 'true' })) {
    await writeFile(join(home, 'bin', program), `#!/bin/sh\n${line}\n`)
    await chmod(join(home, 'bin', program), 0o755)
  }
  const outer = Object.entries(process.env).filter(([key]) => !key.startsWith('RUNLET_'))
  const PATH = `${join(home, 'bin')}:${process.env.PATH}`
  const env = { ...Object.fromEntries(outer), HOME: home, PATH, TERM: 'xterm', ...surroundings.env }
  const set = { home, cwd: surroundings.cwd, env, setUp: surroundings.setUp }
  if (name === 'fish') return aFish(set)
  return name === 'bash' ? aBash(set) : aZsh(set)
}

interface Set {
  readonly home: string
  readonly cwd: string
  readonly env: Record<string, string | undefined>
  readonly setUp: string | undefined
}

async function aBash({ home, setUp = 'source <(runlet completion bash)', ...where }: Set): Promise<Shell> {
  const settings = ['show-all-if-ambiguous on', 'bell-style none', 'enable-bracketed-paste off']
  const rc = [...settings.map(setting => `bind 'set ${setting}'`), setUp, 'stty columns 200', "PS1='ready> '"]
  await writeFile(join(home, 'rc'), rc.join('\n'))
  return terminal(`bash --noprofile --rcfile ${home}/rc -i`, where)
}

async function aZsh({ home, setUp = 'source <(runlet completion zsh)', ...where }: Set): Promise<Shell> {
  await writeFile(join(home, '.zshenv'), 'skip_global_compinit=1')
  const compinit = 'autoload -Uz compinit; compinit -u -D'
  const [before, after] = setUp.startsWith('fpath') ? [setUp, ''] : ['', setUp]
  const rc = [
    'stty columns 200',
    before,
    compinit,
    after,
    'setopt no_beep no_list_ambiguous',
    'unsetopt prompt_sp',
    "PS1='ready> '",
  ]
  await writeFile(join(home, '.zshrc'), rc.join('\n'))
  return terminal('zsh -i', { ...where, env: { ...where.env, ZDOTDIR: home } })
}

function aFish({ home, cwd, env }: Set): Shell {
  const folder = join(home, '.config/fish/completions')
  const install = `mkdir -p ${folder}; test -e ${folder}/runlet.fish; or runlet completion fish > ${folder}/runlet.fish`
  const tab = async (line: string) => {
    const asked = [`${install}; complete -C ${JSON.stringify(line).replaceAll('$', '\\$')}`]
    const { code, stdout, stderr } = await startProgram('fish', ['-c', ...asked], { cwd, env }).ended
    if (code !== 0 || stderr !== '') throw new Error(`fish said ${code}: ${stderr}`)
    return stdout
  }
  const offers = async (line: string, shown: RegExp) => {
    const offered = await tab(line)
    // It offers whole words, where the other shells show the line.
    const whole = line.slice(0, line.lastIndexOf(' ') + 1) + offered.replaceAll(/[\t\n]/g, ' ')
    if (!shown.test(whole)) throw new Error(`fish offered ${JSON.stringify(offered)}`)
  }
  return { tab, offers, close: () => {} }
}

/** What is typed is typed when the prompt is there, and never before something is seen of what was typed last. */
async function terminal(command: string, { cwd, env }: Pick<Set, 'cwd' | 'env'>): Promise<Shell> {
  const child: ChildProcess = spawn('script', ['-qec', command, '/dev/null'], { cwd, env, detached: true })
  let text = ''
  child.stdout?.on('data', chunk => {
    text += chunk
  })
  let from = 0
  const seen = () => stripVTControlCharacters(text.slice(from)).replaceAll('\r', '')
  const sees = (shown: RegExp) =>
    until(String(shown), () => shown.test(seen())).catch(error => {
      throw new Error(`${error.message}; at the terminal is ${JSON.stringify(seen())}`)
    })
  const type = (keys: string) => {
    from = text.length
    child.stdin?.write(keys)
  }
  const clear = async () => {
    type('\u0015true\r') // Ctrl-U
    await sees(/true\n.*ready> $/s)
  }
  await sees(/ready> $/)
  return {
    offers: async (line, shown) => {
      type(`${line}\t`)
      await sees(shown).finally(clear)
    },
    tab: async line => {
      type(`${line}\t\u0015true\r`)
      await sees(/true\n.*ready> $/s)
      return seen()
    },
    close: () => child.kill(),
  }
}
