// A process that changes files in a working copy and pushes them, again and again. It notes each change before and after it makes it,
// and may be killed anywhere.
import { randomInt } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import { ConflictError } from '../../lib/errors.ts'
import { openStore } from '../../lib/runlet.ts'
import { fastClock } from './fast-clock.ts'
import { edit } from './folder.ts'
import { openJournal } from './journal.ts'
import { tellingValue } from './telling-value.ts'
import { done, jobOf, say, startingAgain, told } from './worker.ts'

export interface PusherJob {
  readonly url: string
  readonly journal: string
  readonly directory: string
  /** Where a file is written before it is moved to its place. */
  readonly aside: string
  /** Its edits are numbered from here on. */
  readonly from: number
  /** How many pushes; without it, until it is told to stop. */
  readonly rounds?: number
  readonly speed: number
  /** The commit that it does not outlive: it stands, and the copy does not know yet. */
  readonly dieAtCommit?: number
  /** The push that it does not outlive: it dies at most so long after it began. */
  readonly dieIn?: { readonly push: number; readonly withinMs: number }
}

export interface PusherNote {
  readonly step: 'begun' | 'edited' | 'pushing' | 'pushed' | 'refused'
  /** Of an edit; they are made one after the other. */
  readonly number?: number
  readonly path?: string
  /** Whether the edit removes the file. */
  readonly removed?: boolean
  /** Of a push: how long it took. */
  readonly ms?: number
}

const FILES = 40

const { url, journal, directory, aside, from, rounds, speed, dieAtCommit, dieIn } = jobOf<PusherJob>()
const note = openJournal<PusherNote>(journal)
if (dieAtCommit !== undefined) dieAt(dieAtCommit)
const store = await openStore(url, { ambient: fastClock(speed) })
const copy = await (await store.namespace('p')).workingCopy(directory)
let number = from
let pushes = 0
let stopped = false
void told('stop').then(() => {
  stopped = true
})
for (let round = 0; rounds === undefined ? !stopped : round < rounds; round++) {
  const hinted = round % 2 === 1
  for (let i = 0; i < 1 + randomInt(12); i++) {
    const path = await editOne()
    if (hinted) copy.markDirty(path)
  }
  await say('pushing')
  await push()
}
// What an earlier life, or a hint, did not tell of.
await push()
await copy.dispose()
await store.close()
done()

async function editOne(): Promise<string> {
  number += 1
  const i = randomInt(FILES)
  const path = `d${i % 4}/${i}`
  const removed = randomInt(5) === 0
  note({ step: 'begun', number, path, removed })
  await edit(directory, path, removed ? undefined : tellingValue(path, String(number)), aside)
  note({ step: 'edited', number, path, removed })
  return path
}

async function push(): Promise<void> {
  note({ step: 'pushing' })
  pushes += 1
  if (dieIn?.push === pushes) setTimeout(() => process.kill(process.pid, 'SIGKILL'), randomInt(dieIn.withinMs))
  const startedAt = performance.now()
  const ms = () => performance.now() - startedAt
  try {
    await startingAgain(() => copy.push())
    note({ step: 'pushed', ms: ms() })
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
    // Nobody else writes: what the namespace has is an earlier edit, of a push whose process was killed.
    note({ step: 'refused' })
    await startingAgain(() => copy.settle('ours'))
    await startingAgain(() => copy.push())
    note({ step: 'pushed', ms: ms() })
  }
}

function dieAt(commit: number): void {
  let commits = 0
  subscribe('runlet:commit', () => {
    commits += 1
    if (commits === commit) process.kill(process.pid, 'SIGKILL')
  })
}
