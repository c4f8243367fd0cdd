// One of many processes that come to the same namespace at the same moment: it gets ready, waits for the word, and either puts one
// value or folds all its runs at once.
import { openStore } from '../../lib/runlet.ts'
import { done, jobOf, say, told } from './worker.ts'

export interface CrowdJob {
  readonly url: string
  readonly name: string
  /** How many runs it has; 0: it puts one value. */
  readonly runs: number
}

const { url, name, runs } = jobOf<CrowdJob>()
const store = await openStore(url)
const parent = await store.namespace('p')
const work = runs === 0 ? () => parent.put(`crowd/${name}`, name) : await folds()
const go = told('go')
await say('ready')
await go
const startedAt = performance.now()
await work()
await say('finished', { ms: performance.now() - startedAt })
await store.close()
done()

/** Forks the runs and fills them; gives what folds them all. */
async function folds(): Promise<() => Promise<unknown>> {
  const ids = Array.from({ length: runs }, (_, i) => `${name}-${i}`)
  const open = await Promise.all(ids.map(id => parent.fork(id)))
  await Promise.all(
    open.map(async run => {
      for (let file = 0; file < 5; file++) await run.put(`crowd/${run.id}/${file}`, run.id)
    }),
  )
  return () => Promise.all(open.map(run => run.fold()))
}
