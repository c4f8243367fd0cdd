// One thread of the scale benchmark (threads.ts).
import { parentPort } from 'node:worker_threads'
import { buildBase } from './base.ts'
import { measureScenario } from './scenarios.ts'
import { ROWS } from './size.ts'
import type { Job } from './threads.ts'
import { PARENT } from './world.ts'

const base = buildBase(PARENT, ROWS)

parentPort?.on('message', async ({ name, given }: Job) => {
  try {
    parentPort?.postMessage({ result: await measureScenario(name, await base, given) })
  } catch (error) {
    parentPort?.postMessage({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
})
