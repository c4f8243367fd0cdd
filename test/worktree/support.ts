// Worlds for the tests of worktrees: a real git repository with runlet set up in it, and the built command. Git sees no configuration of
// whoever runs the tests.
import assert from 'node:assert/strict'
import { cp, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, delimiter, dirname, join } from 'node:path'
import { after } from 'node:test'
import { findConfig } from '../../lib/config.ts'
import { type Installed, install } from '../../lib/integrations/worktree/install.ts'
import type { OnRemoved } from '../../lib/integrations/worktree/records.ts'
import { repositoryAt } from '../../lib/integrations/worktree/repository.ts'
import { openPlace } from '../../lib/integrations/worktree/use.ts'
import { checkoutOf, statusOf } from '../../lib/integrations/worktree/worktree.ts'
import { type Namespace, openStore, type Store } from '../../lib/runlet.ts'
import { aFolder, type Ended, startProgram, startRunlet } from '../cli/support.ts'
import { CommandServer } from '../support/command-server.ts'

export { aFolder, startProgram, startRunlet }

const QUIET = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.org',
  // No process that tidies up after each commit.
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'maintenance.auto',
  GIT_CONFIG_VALUE_0: 'false',
}

// For what is called here without a process.
Object.assign(process.env, QUIET)

/** Of the tests, without the run that they may be part of. */
const OUTER = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('RUNLET_')))
const commands = new CommandServer()
after(() => commands.stop())

export type Environment = Record<string, string>

export class Repository {
  /** The main worktree; of a bare repository, the repository. */
  readonly folder: string
  /** Around it: worktrees go beside it. */
  readonly above: string

  constructor(folder: string) {
    this.folder = folder
    this.above = dirname(folder)
  }

  /** Runs git, and expects that it exits with 0. */
  async git(args: readonly string[], { cwd = this.folder, env = {} }: At = {}): Promise<Ended> {
    const ended = await startProgram('git', args, { cwd, env }).ended
    assert.equal(ended.code, 0, `git ${args.join(' ')}: ${ended.stderr}`)
    return ended
  }

  /** Runs runlet, in a process that serves one call after the other. */
  runlet(
    args: readonly string[],
    { cwd = this.folder, env = {}, input = '' }: At & { input?: string } = {},
  ): Promise<Ended> {
    return commands.call({ args, cwd, env: { ...OUTER, ...env }, input })
  }

  /** Runs it in a process of its own, and expects that it exits with 0. */
  async alone(
    args: readonly string[],
    { cwd = this.folder, input = '' }: At & { input?: string } = {},
  ): Promise<Ended> {
    const ended = await startRunlet(args, { cwd, input }).ended
    assert.equal(ended.code, 0, `runlet ${args.join(' ')}: ${ended.stderr}`)
    return ended
  }

  /** Runs runlet, and expects that it exits with 0; resolves to its stdout. */
  async done(args: readonly string[], at: At & { input?: string } = {}): Promise<string> {
    const { code, stdout, stderr } = await this.runlet(args, at)
    assert.equal(code, 0, `runlet ${args.join(' ')}: ${stderr}`)
    return stdout
  }

  /** Adds a worktree beside the repository, on a new branch of its name unless another is given; resolves to its folder. */
  async worktree(name: string, branch = name, options: readonly string[] = []): Promise<string> {
    const folder = join(this.above, name)
    // Of two that are added at once, git 2.39 may fail over what the other one is about to write.
    for (let left = 5; left > 0; left--) {
      const args = ['worktree', 'add', '-q', '--force', ...options, '-B', branch, folder]
      const { code, stderr } = await startProgram('git', args, { cwd: this.folder }).ended
      if (code === 0) return folder
      if (!/failed to read .*commondir/.test(stderr)) assert.fail(`git ${args.join(' ')}: ${stderr}`)
    }
    return assert.fail(`${folder} could not be added`)
  }

  /** What `runlet worktree status` tells first, without a process. */
  async status(cwd: string): Promise<Status> {
    const { attached, isNew } = await statusOf(await checkoutOf(cwd))
    const { namespace = '', store = '', onRemoved = '' } = attached ?? {}
    return { attached: attached !== undefined, new: isNew, namespace, store, onRemoved }
  }

  /** The namespace that a folder has, as the library finds it: the first use forks it. */
  async at(cwd: string): Promise<Namespace> {
    const config = await findConfig({ folder: cwd }, {})
    return openPlace(await openStore(config.store, { folder: config.folder }), config)
  }

  /** The paths in the namespace that a folder has. */
  async paths(cwd = this.folder): Promise<string> {
    const paths: string[] = []
    for await (const { path } of (await this.at(cwd)).list()) paths.push(path)
    return paths.join(' ')
  }

  /** What git keeps of a worktree. */
  gitDir = async (cwd: string): Promise<string> =>
    (await this.git(['rev-parse', '--absolute-git-dir'], { cwd })).stdout.trim()

  /** What the hook noted in a worktree; undefined when nothing. */
  note = async (cwd: string): Promise<string | undefined> =>
    readFile(join(await this.gitDir(cwd), 'runlet', 'new'), 'utf8').then(
      text => text.trim(),
      () => undefined,
    )

  store = (): Promise<Store> => openStore('file:.runlet/store', { folder: this.folder })

  /** As `runlet worktree install` does it, without a process. */
  install = async (onRemoved?: OnRemoved): Promise<Installed> => install(await repositoryAt(this.folder), onRemoved)

  /** Writes to the namespace that a folder has; that of the configuration unless a worktree is named. */
  put = async (path: string, value: string, cwd = this.folder): Promise<unknown> =>
    (await this.at(cwd)).put(path, value)

  main = async (): Promise<Namespace> => (await this.store()).namespace('main')
}

interface Status {
  readonly attached: boolean
  readonly new: boolean
  readonly namespace: string
  readonly store: string
  readonly onRemoved: string
}

interface At {
  readonly cwd?: string
  readonly env?: Environment
}

/** A repository with one commit, which has the configuration unless that is not committed. */
export async function aRepository({ commits = true }: { commits?: boolean } = {}): Promise<Repository> {
  const repository = new Repository(join(await aFolder(), 'main'))
  const found = models.get(commits) ?? aModel(commits)
  models.set(commits, found)
  await cp(await found, repository.folder, { recursive: true, preserveTimestamps: true })
  return repository
}

/** Git is called once, and what it made is copied for each test. */
const models = new Map<boolean, Promise<string>>()

async function aModel(commits: boolean): Promise<string> {
  const repository = new Repository(await aFolder())
  const { folder } = repository
  await repository.git(['init', '-q', '-b', 'trunk', '--template='])
  await mkdir(join(folder, '.git/hooks'))
  await (await repository.store()).namespace('main', { create: true })
  await writeFile(join(folder, 'runlet.config.json'), '{"store":"file:.runlet/store","namespace":"main"}')
  await writeFile(join(folder, '.gitignore'), commits ? '.runlet/\n' : '.runlet/\nrunlet.config.json\n')
  await writeFile(join(folder, 'a.txt'), 'a\n')
  await repository.git(['add', '-A'])
  await repository.git(['commit', '-q', '-m', 'first'])
  return folder
}

/** A namespace without a process; resolves to its store's URL. */
export async function aNamespace(name: string, url?: string): Promise<string> {
  const store = await openStore(url ?? `file:${await aFolder()}`)
  await store.namespace(name, { create: true })
  return store.url
}

/** The same, with the hook installed. */
export async function anInstalled(options?: { commits?: boolean }): Promise<Repository> {
  const repository = await aRepository(options)
  await repository.install()
  return repository
}

/** A PATH with a `node` and a `runlet` that leave a line in `log` for each start, in front of the others. */
export async function aWatchedPath(): Promise<{ env: Environment; started: () => Promise<string[]> }> {
  const folder = await aFolder()
  const log = join(folder, 'log')
  for (const name of ['node', 'runlet', 'npx', 'git']) {
    const real = name === 'git' ? 'exec "$REAL_GIT" "$@"' : 'exit 1'
    await writeFile(join(folder, name), `#!/bin/sh\necho "${name} $*" >> '${log}'\n${real}\n`, { mode: 0o755 })
  }
  const REAL_GIT = (await startProgram('sh', ['-c', 'command -v git']).ended).stdout.trim()
  return {
    env: { PATH: [folder, process.env.PATH].join(delimiter), REAL_GIT },
    started: async () => (await readFile(log, 'utf8').catch(() => '')).split('\n').filter(line => line !== ''),
  }
}

/** As if it were of that year. */
export const dateBack = (file: string, year: number): Promise<void> =>
  utimes(file, new Date(Date.UTC(year, 0)), new Date(Date.UTC(year, 0)))

/** All below a folder with modes, times aside: to tell that something is as it was. */
export async function pictureOf(folder: string): Promise<Record<string, string>> {
  const picture: Record<string, string> = {}
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const path = join(folder, name)
    const about = await stat(path)
    picture[name] = `${about.mode.toString(8)} ${about.isFile() ? await readFile(path, 'base64') : basename(path)}`
  }
  return picture
}
