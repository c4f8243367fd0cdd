// What working copies cost on a large tree: `node --import tsx test/bench/copy/main.ts [files]`, default 262144 small files on a
// `file:` store below the temporary folder (TMPDIR chooses the disk). Prints a markdown table; requests are judged, times are not.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { lstat, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemAmbient } from '../../../lib/ambient.ts'
import { concurrently } from '../../../lib/concurrently.ts'
import { openStore } from '../../../lib/index.ts'
import { parsePath } from '../../../lib/names.ts'
import type { Namespace } from '../../../lib/runlet.ts'
import { type Meter, metered } from '../../../lib/store/metered-store.ts'
import { CopyState } from '../../../lib/sync/copy-state.ts'
import { LocalFiles } from '../../../lib/sync/local-files.ts'
import { isOurs } from '../../../lib/sync/ours.ts'
import { scanAll, scanHints } from '../../../lib/sync/scan.ts'
import { table } from '../report.ts'
import { FILES_A_FOLDER, pathOf } from './fill.ts'
import { PeakMemory } from './peak-memory.ts'

const LSTATS = 32

const files = Number(process.argv[2] ?? 262_144)
if (!Number.isSafeInteger(files) || files < 1) throw new Error(`"${process.argv[2]}" is no number of files`)
const place = await mkdtemp(join(tmpdir(), 'runlet-bench-copy-'))
const root = join(place, 'copy')
const url = `file:${join(place, 'store')}`
const rows: string[][] = []
let missed = false

function note(what: string, ms: number | undefined, about: string): void {
  rows.push([what, ms === undefined ? '' : `${Math.round(ms).toLocaleString('en-US')} ms`, about])
  console.error(rows.at(-1)?.join('  '))
}

function atMost(count: number, target: number, unit: string): string {
  missed ||= count > target
  return `${count} ${unit} (≤ ${target}${count > target ? ': **missed**' : ''})`
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; ms: number; cost: Meter }> {
  const cost: Meter = { requests: 0, bytesUp: 0, bytesDown: 0 }
  const startedAt = performance.now()
  const value = await metered(cost, work)
  return { value, ms: performance.now() - startedAt, cost }
}

/** A namespace as a process sees it that was just started. */
async function opened(): Promise<{ namespace: Namespace; close: () => Promise<void> }> {
  const store = await openStore(url)
  return { namespace: await store.namespace('n', { assumeExists: true }), close: () => store.close() }
}

/** In a process of its own: the memory that it takes is not what is measured. */
async function fill(): Promise<void> {
  const filler = fork(fileURLToPath(new URL('fill.ts', import.meta.url)), [url, String(files)])
  const [code] = await once(filler, 'exit')
  if (code !== 0) throw new Error('the namespace could not be filled')
}

async function firstPull(): Promise<void> {
  const { namespace, close } = await opened()
  const copy = await namespace.workingCopy(root)
  const memory = new PeakMemory()
  let told = 0
  const { ms, cost, value } = await timed(() => copy.pull({ onProgress: () => told++ }))
  note(
    'first pull',
    ms,
    `${value.written} files, ${cost.requests} requests, peak ${memory.stop()} MiB, told ${told} times`,
  )
  await close()
}

async function noChange(): Promise<void> {
  const { namespace, close } = await opened()
  const copy = await namespace.workingCopy(root)
  const { ms, cost } = await timed(() => copy.pull())
  note('pull, nothing changed, new process', ms, atMost(cost.requests, 1, 'requests'))
  await close()
}

async function smallPull(): Promise<void> {
  const other = await opened()
  await other.namespace.put(pathOf(1), 'changed by another')
  await other.close()
  const { namespace, close } = await opened()
  const copy = await namespace.workingCopy(root)
  const { ms, cost } = await timed(() => copy.pull())
  const bytes = atMost(Math.ceil(cost.bytesDown / 1024), 128, 'KiB')
  note('pull, one file changed by another, new process', ms, `${atMost(cost.requests, 2, 'requests')}, ${bytes}`)
  await close()
}

/** What no scan can be faster than: a look at every file, with the same concurrency. */
async function bareLoop(): Promise<number> {
  const { ms } = await timed(async () => {
    async function* names() {
      for (const folder of await readdir(join(root, 'data'))) {
        for (const name of await readdir(join(root, 'data', folder))) yield join(root, 'data', folder, name)
      }
    }
    await concurrently(names(), LSTATS, async path => {
      await lstat(path)
    })
  })
  note('bare loop of readdir and lstat', ms, '')
  return ms
}

async function scan(what: string, bare: number): Promise<void> {
  const [local, state] = [new LocalFiles(root, systemAmbient), new CopyState(root, systemAmbient)]
  const { ms, value } = await timed(() =>
    scanAll({ files: local, state, ambient: systemAmbient, prefix: '', includes: isOurs }),
  )
  const about = `${value.length} changes, ${atMost(local.hashed, Math.floor(files / 100), 'files hashed')}, ${(ms / bare).toFixed(1)} times the bare loop`
  note(what, ms, about)
}

async function pushes(): Promise<void> {
  const { namespace, close } = await opened()
  const copy = await namespace.workingCopy(root)
  let told = 0
  const whole = await timed(() => copy.push({ onProgress: () => told++ }))
  note(
    'push without hints, nothing changed',
    whole.ms,
    `${atMost(whole.cost.requests, 0, 'requests')}, told ${told} times`,
  )
  const status = await timed(() => copy.status())
  note('status', status.ms, `${status.value.modified.length} modified`)
  for (const [what, path] of [
    ['a file that is known', pathOf(7)],
    ['a new file', 'data/00001/new.json'],
  ] as const) {
    await writeFile(join(root, path), `pushed: ${what}`)
    copy.markDirty(path)
    const { ms, cost, value } = await timed(() => copy.push())
    note(
      `push of ${what}, by markDirty`,
      ms,
      `${value.put} put, ${cost.requests} requests, ${await bucketsRead(path)} buckets read`,
    )
  }
  await close()
}

/** How many buckets a look at one named path reads. */
async function bucketsRead(path: string): Promise<number> {
  const [local, state] = [new LocalFiles(root, systemAmbient), new CopyState(root, systemAmbient)]
  await scanHints(
    { files: local, state, ambient: systemAmbient, prefix: '', includes: isOurs },
    new Set([parsePath(path)]),
  )
  return state.bucketsRead
}

try {
  const { ms } = await timed(fill)
  note('building the namespace', ms, `${files} files in ${Math.ceil(files / FILES_A_FOLDER)} folders`)
  await firstPull()
  await noChange()
  const bare = await bareLoop()
  await scan('first scan after the pull', bare)
  await scan('second scan', bare)
  await smallPull()
  await pushes()
  console.log(table(['what', 'time', 'about'], rows))
} finally {
  await rm(place, { recursive: true, force: true })
}
process.exitCode = missed ? 1 : 0
