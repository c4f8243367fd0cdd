// A workflow in this process: what it does about phases that fail, and what it asks of its commands.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArguments, UsageError } from '../../../examples/adw/arguments.ts'
import { Board } from '../../../examples/adw/board.ts'
import { placeOf } from '../../../examples/adw/place.ts'
import { makeSampleRepository } from '../../../examples/adw/sample-repository.ts'
import { PHASES, parseState } from '../../../examples/adw/state.ts'
import { percentile, Waits } from '../../../examples/adw/waits.ts'
import { carryOn, WorkflowFailedError } from '../../../examples/adw/workflow.ts'
import { git } from '../../../examples/fan-out/git.ts'
import { type Namespace, openStore, type Store } from '../../../lib/index.ts'

/** Answers each prompt with what ANSWERS says of its phase, and keeps the prompt. */
const AGENT = `
import { readFileSync, writeFileSync } from 'node:fs'
const { ADW_PHASE, ADW_ID } = process.env
writeFileSync(import.meta.dirname + '/' + ADW_ID + '-' + ADW_PHASE, readFileSync(0))
if (ADW_PHASE === 'build') writeFileSync('built', String(Math.random()))
console.log({ plan: 'the plan', review: 'well done\\nverdict: pass' }[ADW_PHASE] ?? '')`
/** A test command that fails the first time. */
const FAILS_ONCE = `
import { existsSync, writeFileSync } from 'node:fs'
const failed = import.meta.dirname + '/' + process.env.ADW_ID + '-failed'
if (existsSync(failed)) process.exit(0)
writeFileSync(failed, '')
console.log('expected 7, got 8')
process.exit(3)`

describe('a workflow of the ADW example', () => {
  let repository: string
  let store: Store
  let namespace: Namespace
  before(async () => {
    repository = await makeSampleRepository()
    store = await openStore('memory:')
    namespace = await store.namespace('adw', { create: true })
    await writeFile(fileOf('agent.mjs'), AGENT)
    await writeFile(fileOf('fails-once.mjs'), FAILS_ONCE)
  })
  after(async () => {
    await store.close()
    await rm(dirname(repository), { recursive: true, force: true, maxRetries: 3 })
  })

  const fileOf = (name: string) => join(dirname(repository), name)
  const script = (name: string) => [process.execPath, fileOf(name)]

  async function work(
    id: string,
    { agent = script('agent.mjs'), test = ['true'], lines = [] as string[], into = namespace } = {},
  ) {
    const base = await git(repository, ['rev-parse', 'HEAD'])
    const signal = new AbortController().signal
    const place = { namespace: into, token: 1, signal, write: undefined, environment: {} }
    const board = new Board({ isTTY: false, write: (line: string) => lines.push(line) } as never)
    const waits = new Waits()
    try {
      await carryOn(
        place,
        { id, task: 'Do it.' },
        { settings: { repository, mark: 'adw', base, agent, test }, board, waits },
      )
    } finally {
      waits.close()
    }
    return waits.figures
  }
  const textOf = async (path: string) => Buffer.from((await namespace.get(path)) ?? []).toString()

  test('builds again when the tests fail, and tells the agent what they said', async () => {
    const lines: string[] = []
    const figures = await work('again', { test: script('fails-once.mjs'), lines })
    assert.deepEqual(
      lines.filter(line => / (build|test) /.test(line)).map(line => line.slice('again '.length).trimEnd()),
      ['build started', 'build finished', 'test started', 'test failed'].concat([
        'build started',
        'build finished',
        'test started',
        'test finished',
      ]),
    )
    const prompt = await readFile(fileOf('again-build'), 'utf8')
    assert.match(prompt, /^Do it\.\n[\s\S]*the plan\n[\s\S]*did not pass the test:\n\nexpected 7, got 8\n$/)
    assert.match(await textOf('adw/again/calls/test-1.json'), /"exitCode": 3/)
    assert.equal(JSON.parse(await textOf('adw/again/calls/build-2.json')).prompt, prompt)
    // Seven attempts, and four writes for each: its two transitions and the beginning and end of its call.
    assert.equal(figures.writes, 28)
  })

  test('tells of an event when its write is durable, and not before', async () => {
    const order: string[] = []
    const put: Namespace['put'] = async (path, value, options) => {
      const written = await namespace.put(path, value, options)
      await pause(5)
      if (!path.endsWith('state.json')) return written
      const { phase, became } = parseState(String(value), path).transitions.at(-1) ?? {}
      order.push(`durable ${phase} ${became}\n`)
      return written
    }
    const into = { put, get: (path: string) => namespace.get(path) } as Namespace
    await work('order', { lines: order, into })
    const events = PHASES.flatMap(phase => [`${phase} started\n`, `${phase} finished\n`])
    assert.deepEqual(
      order,
      events.flatMap(event => [`durable ${event}`, `order ${event}`]),
    )
  })

  test('gives up after three failures, and is taken up again where it stood', async () => {
    await assert.rejects(work('bad', { test: ['false'] }), (error: Error) => {
      const folder = /worktree: (.+)$/.exec(error.message)?.[1] ?? ''
      return error instanceof WorkflowFailedError && existsSync(join(folder, 'built'))
    })
    const { transitions } = parseState(await textOf('adw/bad/state.json'), 'state')
    assert.equal(transitions.filter(({ became }) => became === 'failed').length, 3)
    await work('bad')
    const events = parseState(await textOf('adw/bad/state.json'), 'state').transitions.slice(transitions.length)
    assert.deepEqual(events[0]?.phase, 'build')
    assert.deepEqual(events.at(-1)?.phase, 'document')
  })

  test('takes no answer for a pass that does not end with one', async () => {
    const agent = [process.execPath, '-e', 'console.log("verdict: pass\\nor rather not")']
    await assert.rejects(work('unsure', { agent }), /unsure: review failed/)
  })

  test('what an agent commits where it should change nothing does not count', async () => {
    const commit = [
      '-c',
      'user.name=x',
      '-c',
      'user.email=x@example.com',
      'commit',
      '--quiet',
      '--allow-empty',
      '-m',
      'mine',
    ]
    await assert.rejects(work('eager', { agent: ['git', ...commit] }), /eager: review failed/)
    const subjects = await git(repository, ['log', '--format=%s', 'main..adw/eager'])
    assert.deepEqual(subjects.split('\n'), Array(3).fill('mine')) // one for each build, none of plan and review
  })

  test('a workflow that is complete calls nobody', async () => {
    await work('complete')
    const figures = await work('complete', { agent: ['false'] })
    assert.equal(figures.writes, 0)
  })

  test('a state that is none is left as it is', async () => {
    await namespace.put('adw/foreign/state.json', '{"format":9}')
    await assert.rejects(work('foreign'), /^Error: adw\/foreign\/state\.json is no state of a workflow/)
    assert.equal(await textOf('adw/foreign/state.json'), '{"format":9}')
  })
})

test('a workflow that somebody else has is waited for, and gone on with once it is free', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'runlet-adw-place-'))
  const store = await openStore(`file:${folder}`)
  try {
    const parent = await store.namespace('adw', { create: true })
    const others = await parent.fork('w-1', { label: 'the other driver' })
    await others.put('a', 'what it left')
    const told: string[] = []
    const onWait = (id: string, holder: string) => {
      told.push(`${id}: ${holder.replace(/ \(.*/, '')}`)
      void others.release()
    }
    const about = { store: store.url, parent: 'adw', ttlMs: 60_000, signal: new AbortController().signal, onWait }
    const found = await placeOf.runs('w-1', ({ namespace }) => namespace.get('a'), about)
    assert.equal(Buffer.from(found ?? []).toString(), 'what it left')
    assert.equal(told[0], 'w-1: the other driver')
  } finally {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  }
})

describe('the command line of the ADW example', () => {
  test('defaults to six workflows, a run each, and the agent that comes with it', () => {
    const { workflows, modes, agent } = parseArguments([], {})
    assert.deepEqual({ workflows, modes }, { workflows: 6, modes: ['runs'] })
    assert.match(agent.at(-1) ?? '', /agent\.mjs$/)
    assert.deepEqual(
      [[], ['--ttl', '1.5m'], ['--ttl', '2000ms']].map(args => parseArguments(args, {}).ttlMs),
      [15_000, 90_000, 2000],
    )
    assert.deepEqual(parseArguments(['--runs', '--shared'], {}).modes, ['shared', 'runs'])
    assert.deepEqual(parseArguments([], { ADW_AGENT: 'claude -p' }).agent, ['claude', '-p'])
    assert.deepEqual(parseArguments(['--agent', 'my\\ agent x'], { ADW_AGENT: 'claude -p' }).agent, ['my agent', 'x'])
  })

  test('refuses by name what it does not take', () => {
    for (const args of [
      ['--workflows', '51'],
      ['--ttl', '0s'],
      ['--ttl', '15'],
      ['--ttl', '2h'],
      ['--id', 'A b'],
      ['--task', ''],
      ['--agent', ' '],
      ['x'],
    ])
      assert.throws(() => parseArguments(args, {}), UsageError)
    assert.throws(() => parseArguments([], { RUNLET_STORE: 'memory:' }), UsageError)
  })
})

test('on a terminal the board draws its lines over the last ones, none wider than the terminal', () => {
  const drawn: string[] = []
  const board = new Board({ isTTY: true, columns: 40, write: (text: string) => drawn.push(text) } as never)
  const event = { phase: 'plan', became: 'finished', commit: '0'.repeat(40), at: '' } as const
  board.wait('w-1', 'somebody with a name that is longer than the terminal is wide')
  board.wait('w-1', 'somebody')
  assert.equal(drawn.length, 1)
  assert.equal(drawn.at(-1), '\x1b[Kw-1  waits for the lease of somebody wi\n')
  board.begin('w-1', [event])
  board.begin('w-10', [])
  board.show('w-10', { ...event, became: 'failed' })
  const lines = ['\x1b[Kw-1   plan ✓  build    test    review    ', '\x1b[Kw-10  plan ✗  build    test    review    ']
  assert.equal(drawn.at(-1), `\x1b[2A${lines.map(line => line.slice(0, 42)).join('\n')}\n`)
})

test('a percentile is a value that was measured', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i)
  assert.deepEqual(
    [0.5, 0.99, 1].map(part => percentile(hundred, part)),
    [50, 99, 100],
  )
  assert.equal(percentile([7], 0.5), 7)
  assert.equal(percentile([], 0.5), 0)
})
