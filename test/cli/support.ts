// Worlds for the tests of the command: a folder with a configuration and a file store, in which the built command is run as a user
// would. What it did is looked at through the library. Nothing here sleeps for a fixed time: it waits for what must come.
import assert from 'node:assert/strict'
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type Namespace, openStore } from '../../lib/runlet.ts'
import { CommandServer } from '../support/command-server.ts'
import { ROOT } from '../support/programs.ts'

const COMMAND = join(ROOT, 'dist', 'cli', 'main.js')
assert.ok(existsSync(COMMAND), 'the command is not built: npm run build')

/** What `import('runlet')` gives where the package is installed. */
export const LIBRARY = pathToFileURL(join(ROOT, 'dist', 'index.js')).href

/** The command line that runs `runlet`, for use inside `sh -c`. */
export const RUNLET = `"${process.execPath}" "${COMMAND}"`

/** Each test has a place of its own, and waits for processes most of the time. */
export const AT_ONCE = { concurrency: 3 }

/** For a wait that would never end. */
const PATIENCE_MS = 30_000

const folders: string[] = []
/** For the temporary folders of runs: what a killed one leaves goes with the tests. */
const TMPDIR = await aFolder()
const running = new Set<{ kill: () => void }>()
const commands = new CommandServer()
after(async () => {
  commands.stop()
  for (const { kill } of running) kill()
  await Promise.all(folders.map(folder => rm(folder, { recursive: true, force: true })))
})

/** An empty folder, removed when the tests of the file are done. */
export async function aFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'test-cli-')))
  folders.push(folder)
  return folder
}

export interface Ended {
  readonly code: number | NodeJS.Signals
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly process: ChildProcess
  /** What it has written to stdout and stderr so far. */
  readonly said: () => string
  readonly ended: Promise<Ended>
}

type Options = Pick<SpawnOptions, 'cwd' | 'env' | 'detached'> & {
  readonly input?: string
  /** When it is killed. Default: a minute. */
  readonly limitMs?: number
}

interface CallOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv | undefined
  readonly input?: string
}

/** What a program sees: nothing of a run that the tests themselves are part of. */
function environment(own: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const outer = Object.entries(process.env).filter(([name]) => !name.startsWith('RUNLET_'))
  return { ...Object.fromEntries(outer), TMPDIR, ...own }
}

/** Starts any program, its output collected. */
export function startProgram(program: string, args: readonly string[], options: Options = {}): Started {
  const env = environment(options.env)
  const child = spawn(program, args, { ...options, env, stdio: ['pipe', 'pipe', 'pipe'] })
  // What it started itself may go on for a while, and holds its output open.
  const kill = () => {
    child.kill('SIGKILL')
    child.stdout.destroy()
    child.stderr.destroy()
  }
  const entry = { kill }
  running.add(entry)
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', chunk => stdout.push(chunk))
  child.stderr.on('data', chunk => stderr.push(chunk))
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  const limit = setTimeout(kill, options.limitMs ?? 2 * PATIENCE_MS)
  const text = (chunks: readonly Buffer[]) => Buffer.concat(chunks).toString()
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      running.delete(entry)
      clearTimeout(limit)
      resolve({ code: signal ?? code ?? -1, stdout: text(stdout), stderr: text(stderr) })
    })
  })
  return { process: child, said: () => text(stdout) + text(stderr), ended }
}

export const startRunlet = (args: readonly string[], options: Options = {}): Started =>
  startProgram(process.execPath, [COMMAND, ...args], options)

/** Runs `runlet` to its end: `run` in a process of its own, which its program shares, all others in one that serves them all. */
export function callRunlet(
  args: readonly string[],
  { cwd = tmpdir(), env, input = '' }: CallOptions = {},
): Promise<Ended> {
  if (args.includes('run')) return startRunlet(args, { cwd, env, input }).ended
  return commands.call({ args, cwd, env: environment(env), input })
}

export interface Place {
  readonly folder: string
  /** The namespace `main`, to look at what the command did. */
  readonly main: Namespace
  /** Another handle on the store. */
  readonly namespace: (name: string) => Promise<Namespace>
  readonly start: (args: readonly string[], options?: Options) => Started
  /** Runs `runlet` here to its end. */
  readonly runlet: (args: readonly string[], options?: CallOptions) => Promise<Ended>
  /** Runs it and expects that it exits with 0; resolves to its stdout. */
  readonly done: (args: readonly string[], options?: CallOptions) => Promise<string>
}

/** A folder where `runlet init` was done. */
export async function aPlace(): Promise<Place> {
  const folder = await aFolder()
  const store = await openStore('file:.runlet/store', { folder })
  const main = await store.namespace('main', { create: true })
  await writeFile(join(folder, 'runlet.config.json'), '{"store":"file:.runlet/store","namespace":"main"}')
  const start: Place['start'] = (args, options) => startRunlet(args, { cwd: folder, ...options })
  const runlet: Place['runlet'] = (args, options) => callRunlet(args, { cwd: folder, ...options })
  const done: Place['done'] = async (args, options) => {
    const { code, stdout, stderr } = await runlet(args, options)
    assert.equal(code, 0, stderr)
    return stdout
  }
  return { folder, main, namespace: name => store.namespace(name), start, runlet, done }
}

/** Waits until `look` gives something true, and resolves to it. */
export async function until<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const seen = await look()
    if (seen) return seen
    assert.ok(performance.now() < deadline, `waited in vain: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** Waits until the process has written `text`. */
export async function says(started: Started, text: string): Promise<void> {
  const over = started.ended.then(() => true)
  await until(`"${text}" from the program; it said "${started.said()}"`, async () => {
    if (started.said().includes(text)) return true
    const isOver = await Promise.race([over, Promise.resolve(false)])
    assert.ok(!isOver || started.said().includes(text), `ended without "${text}": ${started.said()}`)
    return isOver
  })
}

/** All paths with their values as text. */
export async function contentOf(namespace: Namespace): Promise<Record<string, string>> {
  const content: Record<string, string> = {}
  for await (const { path } of namespace.list()) content[path] = await textAt(namespace, path)
  return content
}

export const textAt = async (namespace: Namespace, path: string): Promise<string> =>
  Buffer.from((await namespace.get(path)) ?? []).toString()

/** The lines of a listing in JSON. */
export const documents = (stdout: string): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
