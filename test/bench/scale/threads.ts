// The threads of the scale benchmark, as the benchmark sees them: each measures one thing after the other. What is measured is virtual
// time, so it does not matter on what machine, nor beside what else, and two threads only take half as long.
import { Worker } from 'node:worker_threads'
import { compile, compiled } from '../index/processes.ts'
import type { Scenario, ScenarioName } from './scenarios.ts'

export interface Job {
  readonly name: ScenarioName
  readonly given: unknown
}

const THREADS = 2
/** Worlds make much garbage that is soon to be collected. */
const YOUNG_MB = 256

export class Threads {
  readonly #threads: readonly Thread[]

  private constructor() {
    this.#threads = Array.from({ length: THREADS }, () => new Thread())
  }

  static async start(): Promise<Threads> {
    await compile()
    return new Threads()
  }

  /** Measures the scenario once for each of `givens`; the results in their order. */
  async measure<Name extends ScenarioName>(
    name: Name,
    givens: readonly Scenario<Name>['given'][],
    onDone: (done: number) => void,
  ): Promise<Scenario<Name>['result'][]> {
    const results: Scenario<Name>['result'][] = []
    const left = givens.entries()
    let done = 0
    await Promise.all(
      this.#threads.map(async thread => {
        for (const [i, given] of left) {
          results[i] = (await thread.give({ name, given })) as Scenario<Name>['result']
          onDone(++done)
        }
      }),
    )
    return results
  }

  async end(): Promise<void> {
    await Promise.all(this.#threads.map(thread => thread.end()))
  }
}

class Thread {
  readonly #worker = new Worker(compiled('test/bench/scale/thread'), {
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  })

  give(job: Job): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const ended = () => this.#worker.off('message', onMessage).off('error', onError)
      const onMessage = (answer: { result: unknown } | { failure: string }) => {
        ended()
        if ('failure' in answer) reject(new Error(answer.failure))
        else resolve(answer.result)
      }
      const onError = (error: unknown) => {
        ended()
        reject(error)
      }
      this.#worker.on('message', onMessage).on('error', onError)
      this.#worker.postMessage(job)
    })
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}
