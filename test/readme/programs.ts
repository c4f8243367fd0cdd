// The blocks that are programs: how each of them becomes one that runs against the packed package, and what it then prints.
import type { Row } from './row.ts'

export interface Program extends Row {
  /** Of a diff: the text before it is applied, or after. */
  readonly side?: 'before' | 'after'
  /** What the block takes for granted, and what tells what it did. */
  readonly prologue?: string
  readonly epilogue?: string
  /** The block that is to run after this one, in the same program. */
  readonly followedBy?: Row
  /** What is in the page for want of the package at hand. */
  readonly replace?: readonly [page: RegExp, here: string]
  /** Packages that it needs and runlet does not. */
  readonly packages?: readonly string[]
  readonly stdout: RegExp
  readonly stderr?: RegExp
}

/** The main job: the first lines of README. */
export const MAIN_JOB: Row = {
  language: 'ts',
  has: /^import \{ openStore, withRunNamespace \} from 'runlet'\n\nconst store/,
}

const IN_MEMORY_SDK = `
import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
const exporter = new InMemorySpanExporter()
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
`

const TELL_SPANS = `
const spans = exporter.getFinishedSpans()
const root = spans.find(span => !span.parentSpanContext && span.name === 'build-1742')
const below = spans.filter(span => span.parentSpanContext?.spanId === root?.spanContext().spanId)
console.log([root?.name, ...new Set(below.map(span => span.name))].sort().join(', '))
`

const A_PARENT = `
import { openStore } from 'runlet'
const store = await openStore('memory:')
const parent = await store.namespace('control-plane', { create: true })
`

const TELL_VALUES = `
for await (const { path } of parent.list()) console.log(path, Buffer.from((await parent.get(path)) ?? []).toString().trim())
await store.close()
`

/** An ADW as somebody may have it, of which the diff is about a part. Its phases say whether they were given a signal. */
const AN_ADW = `
import { openStore } from 'runlet'
import { readFile, writeFile } from 'node:fs/promises'
process.env.RUNLET_STORE = 'file:adw-store'
process.env.RUNLET_NAMESPACE = 'adw'
const store = await openStore(process.env.RUNLET_STORE)
const parent = await store.namespace('adw', { create: true })
const adwId = 'a1'
const worktree = '.'
type State = Record<string, string>
const remaining = (state: State) => ['plan', 'build'].filter(phase => !(phase in state))
const runPhase = async (phase: string, _: string, signal?: AbortSignal) => phase + (signal ? ' with a signal' : '')
const loadState = async (_: string): Promise<State> => JSON.parse(await readFile('state', 'utf8').catch(() => '{}'))
const saveState = async (_: string, state: State) => writeFile('state', JSON.stringify(state))
`
const ADW_DIFF = { language: 'diff', has: /^\+import \{ withRunNamespace \} from 'runlet'$/m }

export const PROGRAMS: readonly Program[] = [
  { ...MAIN_JOB, stdout: /^folded 1 rows as commit 1\nresults\/build-1742\.json 11\n42$/ },
  {
    language: 'ts',
    has: /^await parent\.put\('data\/a\.json', bytes\)/,
    prologue: `${A_PARENT}const bytes = Buffer.from('{}')\n`,
    epilogue: `console.log(seq, rows, requests > 0, waitedMs >= 0, heldMs >= 0, batchSize)\n${TELL_VALUES}`,
    stdout: /^\d+ 1 true true true 1\ncount 1\ndeployed v7\nlogs\/plan\.txt started$/,
  },
  {
    language: 'ts',
    has: /^subscribe\('runlet:fold'/m,
    followedBy: MAIN_JOB,
    stdout: /^folded 1 rows/,
    stderr: /^main\/build-1742: ok after \d+ ms$/,
  },
  {
    language: 'ts',
    has: /from 'runlet\/otel'/,
    packages: ['@opentelemetry'],
    prologue: IN_MEMORY_SDK,
    epilogue: TELL_SPANS,
    stdout: /^build-1742, runlet\.commit, runlet\.fold, runlet\.lease\.hold, .*runlet\.request put$/,
  },
  {
    language: 'js',
    has: /^import \{ datastore as runlet \} from 'npm:runlet@[\d.]+\/swamp'/,
    replace: [/npm:runlet@[^/]+\//, 'runlet/'],
    epilogue: `
const health = await datastore.createProvider({ store: 'memory:' }).createVerifier().verify()
console.log(datastore.type, health.healthy)`,
    stdout: /^@runlet\/runlet true$/,
  },
  {
    ...ADW_DIFF,
    side: 'before',
    prologue: AN_ADW,
    epilogue: 'console.log(JSON.stringify(await loadState(adwId)))\nawait store.close()',
    stdout: /^\{"plan":"plan","build":"build"\}$/,
  },
  {
    ...ADW_DIFF,
    side: 'after',
    prologue: AN_ADW,
    epilogue: TELL_VALUES,
    stdout: /^adw\/a1\/state\.json \{"plan":"plan with a signal","build":"build with a signal"\}$/,
  },
]
