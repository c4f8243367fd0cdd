// The file store between processes: eight of them swap one object at once, some are killed and replaced, one is stopped until
// all others are done. Moments of death are where the machine's timing puts them; what must hold does not depend on it.
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openFileStore } from '../../lib/store/file/file-store.ts'
import type { Count } from '../support/increment-worker.ts'
import { programBeside } from '../support/programs.ts'

const NAMES = ['w0', 'w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7']
const TARGET = 500
/** At which of its own increments a worker is killed. */
const KILLS = new Map([
  ['w0', [30, 310]],
  ['w2', [150]],
  ['w3', [420]],
  ['w5', [7, 260]],
])
/** For a process that is blocked for good. */
const LIMIT = { timeout: 300_000 }
const STOPPED = { name: 'w7', at: 100 }

/** Those that run: a test that fails must leave none behind, least of all a stopped one. */
const running = new Map<ChildProcess, Promise<unknown>>()

interface Known {
  readonly name: string
  readonly increment: number
  readonly etag: string
}

describe('the file store between processes', () => {
  let folder: string
  let count: Count
  let generations: number
  let known: Known[]

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runlet-processes-'))
    const store = await openFileStore(join(folder, 'store'))
    await store.put('count', Buffer.from(JSON.stringify({ total: 0, counters: {} })))
    await runAll(folder)
    const answer = await store.get('count')
    assert.ok(answer.status === 'found')
    count = JSON.parse(String(Buffer.from(answer.body)))
    generations = Number(answer.etag.split('.')[1]) - 1
    known = (await Promise.all(NAMES.map(name => readLog(folder, name)))).flat()
  }, LIMIT)
  after(async () => {
    await killAll()
    await rm(folder, { recursive: true })
  })

  test('every process gets to its target, whoever else was killed or stopped', () => {
    assert.deepEqual(count.counters, Object.fromEntries(NAMES.map(name => [name, TARGET])))
  })

  test('no increment is lost, and none counts twice', () => {
    assert.equal(count.total, NAMES.length * TARGET)
    assert.equal(generations, NAMES.length * TARGET)
  })

  test('no increment is acknowledged twice, and no two got the same version', () => {
    const increments = new Set(known.map(({ name, increment }) => `${name} ${increment}`))
    assert.equal(increments.size, known.length)
    const etags = known.map(({ etag }) => etag).filter(etag => etag !== 'read-back')
    assert.equal(new Set(etags).size, etags.length)
  })

  test('every increment is known to its process, but for the last one before a death', () => {
    const deaths = [...KILLS.values()].flat().length
    const unknown = NAMES.length * TARGET - known.length
    assert.ok(unknown <= deaths, `${unknown} increments happened that no process knows of`)
  })
})

/** Runs every worker to its target. The stopped one goes on when the others are done. */
async function runAll(folder: string): Promise<void> {
  let resume = () => {}
  const stop = (worker: ChildProcess) => {
    worker.kill('SIGSTOP')
    resume = () => worker.kill('SIGCONT')
  }
  const runs = NAMES.map(name => ({ name, ended: runToTarget(folder, name, stop) }))
  await Promise.all(runs.filter(run => run.name !== STOPPED.name).map(run => run.ended))
  resume()
  await Promise.all(runs.map(run => run.ended))
}

async function runToTarget(folder: string, name: string, stop: (worker: ChildProcess) => void): Promise<void> {
  for (const killAt of KILLS.get(name) ?? []) {
    assert.equal(await runOnce(folder, name, (worker, at) => at === killAt && worker.kill('SIGKILL')), 'SIGKILL')
  }
  const ended = await runOnce(folder, name, (worker, at) => name === STOPPED.name && at === STOPPED.at && stop(worker))
  assert.equal(ended, 0, `${name} failed`)
}

/** Runs a worker, calls `onIncrement` with each increment that it reports, and resolves to its exit code or signal. */
function runOnce(
  folder: string,
  name: string,
  onIncrement: (worker: ChildProcess, increment: unknown) => void,
): Promise<number | NodeJS.Signals | null> {
  const { script, execArgv } = programBeside(import.meta.url, '../support/increment-worker')
  const worker = fork(script, [join(folder, 'store'), name, String(TARGET), join(folder, `${name}.log`)], { execArgv })
  worker.on('message', increment => onIncrement(worker, increment))
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    worker.on('error', reject)
    worker.on('exit', (code, signal) => resolve(signal ?? code))
  }).finally(() => running.delete(worker))
  running.set(worker, ended)
  return ended
}

async function killAll(): Promise<void> {
  const ends = [...running.values()]
  for (const worker of running.keys()) worker.kill('SIGKILL')
  await Promise.allSettled(ends)
}

async function readLog(folder: string, name: string): Promise<Known[]> {
  const lines = (await readFile(join(folder, `${name}.log`), 'utf8')).trim().split('\n')
  return lines.map(line => {
    const [increment, etag = ''] = line.split(' ')
    return { name, increment: Number(increment), etag }
  })
}
