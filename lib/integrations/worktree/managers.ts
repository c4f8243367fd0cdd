// Hook managers (husky, lefthook, pre-commit) and hook folders that many repositories share: they own the hooks, and would undo or miss
// what is written beside them. They are told apart here, and what calls runlet from them is told. Changes nothing.
import { readFile } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { CALL_LINES } from './hook.ts'
import type { Repository } from './repository.ts'

export interface Wiring {
  /** Whose hooks they are. */
  readonly by: 'husky' | 'lefthook' | 'pre-commit' | 'core.hooksPath'
  /** The file that the lines belong into. */
  readonly file: string
  readonly lines: readonly string[]
  /** What is to be done after that. */
  readonly finish?: string
  /** Whether they stand there already. */
  readonly isThere: boolean
}

const LEFTHOOK_FILES = ['yml', 'yaml', 'toml', 'json', 'jsonc'].flatMap(type => [
  `lefthook.${type}`,
  `.lefthook.${type}`,
  join('.config', `lefthook.${type}`),
])
const PRE_COMMIT_FILES = ['.pre-commit-config.yaml', '.pre-commit-config.yml']

/** Who owns the hooks of the repository; nobody, when a hook can be put among them. */
export async function findWirings(repository: Repository): Promise<Wiring[]> {
  const { root, hooksDir, hooksScope } = repository
  const wirings: Omit<Wiring, 'isThere'>[] = []
  const isHusky = basename(hooksDir) === '.husky' || basename(dirname(hooksDir)) === '.husky'
  if (isHusky && root !== undefined) wirings.push(husky(root))
  else if (hooksScope === 'global' || hooksScope === 'system')
    wirings.push({ by: 'core.hooksPath', file: join(hooksDir, 'post-checkout'), lines: ['#!/bin/sh', ...CALL_LINES] })
  const lefthookFile = await firstThere(root, LEFTHOOK_FILES)
  if (lefthookFile !== undefined) wirings.push(lefthook(lefthookFile))
  const preCommitFile = await firstThere(root, PRE_COMMIT_FILES)
  if (preCommitFile !== undefined) wirings.push(preCommit(preCommitFile))
  return Promise.all(wirings.map(async wiring => ({ ...wiring, isThere: await calls(wiring.file) })))
}

/** Its own hooks call the file of the same name in `.husky`, in `sh -e`. */
const husky = (root: string) => ({
  by: 'husky' as const,
  file: join(root, '.husky', 'post-checkout'),
  lines: CALL_LINES,
})

const lefthook = (file: string) => ({
  by: 'lefthook' as const,
  file,
  lines: lefthookLines(inShell('{1} {2} {3}'), extname(file)),
  finish: 'lefthook install',
})

/** In the language of its file. */
function lefthookLines(run: string, extension: string): string[] {
  // A string of JSON is one of TOML.
  if (extension === '.toml') return ['[post-checkout.commands.runlet]', `run = ${JSON.stringify(run)}`]
  if (extension.startsWith('.json')) return [`"post-checkout": ${JSON.stringify({ commands: { runlet: { run } } })}`]
  return ['post-checkout:', '  commands:', '    runlet:', `      run: ${run}`]
}

const preCommit = (file: string) => ({
  by: 'pre-commit' as const,
  file,
  lines: [
    'repos:',
    '  - repo: local',
    '    hooks:',
    '      - id: runlet-worktree',
    '        name: runlet worktree',
    '        language: system',
    `        entry: ${inShell('"$PRE_COMMIT_FROM_REF" "$PRE_COMMIT_TO_REF" "$PRE_COMMIT_CHECKOUT_TYPE"')}`,
    '        stages: [post-checkout]',
    '        always_run: true',
    '        pass_filenames: false',
  ],
  finish: 'pre-commit install --hook-type post-checkout',
})

/** One line, in YAML a plain scalar; a shell of its own, for not every manager has one. */
const inShell = (args: string): string =>
  `sh -c 'note="$(git rev-parse --git-common-dir)/runlet/post-checkout"; [ ! -x "$note" ] || "$note" ${args}'`

async function firstThere(root: string | undefined, names: readonly string[]): Promise<string | undefined> {
  if (root === undefined) return undefined
  for (const name of names) if ((await textOf(join(root, name))) !== undefined) return join(root, name)
  return undefined
}

const calls = async (file: string): Promise<boolean> => (await textOf(file))?.includes('runlet/post-checkout') ?? false

const textOf = (file: string): Promise<string | undefined> => readFile(file, 'utf8').catch(() => undefined)
