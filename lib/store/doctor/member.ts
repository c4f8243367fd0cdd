// A thread of the doctor's crew (crew.ts): opens the store by its URL, with a client and connections of its own, and does the tasks that
// it is sent. It is loaded by nobody but crew.ts, as a worker.
import { parentPort, workerData } from 'node:worker_threads'
import { systemAmbient } from '../../ambient.ts'
import { RunletError } from '../../errors.ts'
import { openObjectStore } from '../open.ts'
import { type Answer, ARRIVED, type Order, READY, type Recruit, STOPPED } from './crew.ts'
import { perform } from './task.ts'

/** A member that does not come, since its connections failed, is not waited for any longer. */
const MEET_MS = 2_000

const { url, shared } = workerData as Recruit
const slots = new Int32Array(shared)
const stopped = () => Atomics.load(slots, STOPPED) === 1
const store = await openObjectStore(url, systemAmbient, { folder: '/' })
const answer = (message: Answer) => parentPort?.postMessage(message)

parentPort?.on('message', async ({ id, task, meetAt }: Order) => {
  try {
    const meet = () => meetOthers(meetAt)
    answer({ id, outcome: await perform(task, { store, ambient: systemAmbient, meet, stopped }) })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const { operation, key } = error as { operation?: string; key?: string }
    const code = error instanceof RunletError ? error.code : 'ERR_RUNLET_STORE'
    answer({ id, error: { code, message, ...(operation && { operation }), ...(key && { key }) } })
  }
})
answer({ id: READY, outcome: { kind: 'read', text: undefined } })

/** Blocks this thread until all members have come here, so that they all go on at once. */
function meetOthers(meetAt: number): void {
  const until = systemAmbient.monotonic() + MEET_MS
  Atomics.add(slots, ARRIVED, 1)
  Atomics.notify(slots, ARRIVED)
  for (;;) {
    const arrived = Atomics.load(slots, ARRIVED)
    if (arrived >= meetAt || systemAmbient.monotonic() > until) return
    Atomics.wait(slots, ARRIVED, arrived, 50)
  }
}
