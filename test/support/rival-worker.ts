// One of several processes that want the same run ids: each new id at the same moment as its rivals, or one id again and again, as
// soon as whoever has it is done.
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore, type Run, RunInUseError } from '../../lib/index.ts'
import { done, jobOf, say, told } from './worker.ts'

export interface RivalJob {
  readonly url: string
  readonly name: string
  /** Ids to fork in turn, each at the word. */
  readonly once: readonly string[]
  /** An id to use so many times. */
  readonly again?: { readonly id: string; readonly times: number }
}

/** An id that cannot be had in so many tries, while its users only put one file each, is lost. */
const TRIES = 300

const { url, name, once, again } = jobOf<RivalJob>()
const store = await openStore(url)
const parent = await store.namespace('p')
const own: Run[] = []
for (const id of once) {
  const go = told('go')
  await say('ready')
  await go
  const run = await forkIfFree(id)
  if (run) own.push(run)
}
await say('tried', { ids: own.map(run => run.id) })
for (const run of own) {
  await run.put(`once/${run.id}`, name)
  await run.fold()
}
for (let time = 0; again && time < again.times; time++) {
  const run = await forkWhenFree(again.id)
  await run.put(`again/${name}-${time}`, name)
  await run.fold()
}
await store.close()
done()

async function forkIfFree(id: string): Promise<Run | undefined> {
  try {
    return await parent.fork(id)
  } catch (error) {
    if (error instanceof RunInUseError) return undefined
    throw error
  }
}

async function forkWhenFree(id: string): Promise<Run> {
  for (let tries = 0; tries < TRIES; tries++) {
    const run = await forkIfFree(id)
    if (run) return run
    await sleep(5 + randomInt(40))
  }
  throw new Error(`"${id}" could not be had`)
}
