// The world of a block of shell: a folder in a home of its own, `runlet` on the PATH as it is built, nothing of runlet, AWS and git in the
// environment, stand-ins for the scheduler's commands, and an S3 server for what the pages have at port 9000, or on AWS.
import { chmod, mkdir, realpath, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { openStore, type Store } from '../../lib/runlet.ts'
import { aFolder, callRunlet, type Ended, RUNLET } from '../cli/support.ts'
import { standIns } from '../integrations/poller/support.ts'
import { type S3Server, startS3Server, useTestCredentials } from '../support/s3-server.ts'

useTestCredentials()

const GIT = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.org',
}
const OF_THE_USER = ['XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_STATE_HOME']

export class World {
  /** Where the lines are typed. */
  readonly folder: string
  readonly home: string
  readonly env: NodeJS.ProcessEnv
  readonly #bin: string
  #server: S3Server | undefined
  readonly #stores: Store[] = []

  constructor(home: string, scheduler: NodeJS.ProcessEnv) {
    this.home = home
    this.folder = join(home, 'project')
    this.#bin = join(home, 'bin')
    const none = Object.fromEntries(OF_THE_USER.map(name => [name, undefined]))
    const PATH = `${this.#bin}:${scheduler.PATH}`
    this.env = { ...none, ...GIT, ...scheduler, PATH, HOME: home, RUNLET_CACHE: join(home, 'cache') }
  }

  /** A program on the PATH, in sh. */
  program(name: string, ...lines: string[]): Promise<void> {
    return executable(join(this.#bin, name), lines)
  }

  /** A program in the folder, in sh. */
  script(name: string, ...lines: string[]): Promise<void> {
    return executable(join(this.folder, name), lines)
  }

  /** Runs `runlet` to its end, in a folder below that of the lines. */
  runlet(args: readonly string[], below = ''): Promise<Ended> {
    return callRunlet(args, { cwd: join(this.folder, below), env: this.env })
  }

  /** `runlet init` was done. */
  async initialized(): Promise<void> {
    const store = await this.store()
    await store.namespace('main', { create: true })
    await writeFile(join(this.folder, 'runlet.config.json'), '{"store":"file:.runlet/store","namespace":"main"}')
  }

  /** A git repository with two commits. */
  async repository(folder = this.folder): Promise<void> {
    await mkdir(folder, { recursive: true })
    const git = (...args: string[]) => execa('git', args, { cwd: folder, env: this.env })
    await git('init', '--quiet')
    for (const text of ['one', 'two']) {
      await writeFile(join(folder, 'a.mjs'), `export const a = () => '${text}'\n`)
      await git('add', '.')
      await git('commit', '--quiet', '-m', text)
    }
  }

  /** The store that `runlet init` makes, or another one. */
  async store(url = 'file:.runlet/store'): Promise<Store> {
    const store = await openStore(await this.atServer(url), { folder: this.folder })
    this.#stores.push(store)
    return store
  }

  /** The same text, with each S3 URL leading to the server of this world. */
  async atServer(text: string): Promise<string> {
    if (!text.includes('s3://')) return text
    this.#server ??= await startS3Server()
    const server = this.#server
    return text.replaceAll(/s3:\/\/([\w-]+)\/[\w/-]+(\?[^'"\s]*)?/g, (url, bucket: string, query = '') => {
      server.url(bucket)
      if (query.includes('endpoint=')) return url.replace('http://127.0.0.1:9000', server.endpoint)
      return `${url}${query ? '&' : '?'}endpoint=${server.endpoint}`
    })
  }

  async close(): Promise<void> {
    for (const store of this.#stores) await store.close()
    await this.#server?.close()
  }
}

export async function aWorld(): Promise<World> {
  const home = await realpath(await aFolder())
  const { env } = await standIns(join(home, 'stand-ins'))
  const world = new World(home, env)
  await mkdir(world.folder)
  await world.program('runlet', `exec ${RUNLET} "$@"`)
  return world
}

async function executable(path: string, lines: readonly string[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, `#!/bin/sh\n${lines.join('\n')}\n`)
  await chmod(path, 0o755)
}
