// A day in the life of a namespace, on virtual time: runs of all fates, direct commits, and locks that are waited for. What a report
// shows of it is what the library tells of it.
import type { Timeline } from '../../lib/run/timeline/timeline.ts'
import type { Namespace } from '../../lib/runlet.ts'
import { type Client, World } from '../support/world.ts'

const MINUTE_MS = 60_000
const JOBS = ['build', 'unit-tests', 'nightly-report', 'plan', 'review', 'docs', 'deploy-preview', 'import']

/** One of each: folded, kept, working. */
export function aSmallDay(): Promise<Timeline> {
  const world = new World({ seed: 3 })
  return world.run(async () => {
    const client = world.client({ author: 'ada@laptop' })
    const parent = await client.store.namespace('control-plane', { create: true })
    const folded = await parent.fork('build-1742', { label: 'npm run build' })
    await client.ambient.sleep(2 * MINUTE_MS)
    await folded.put('results/build.json', '{}')
    await client.ambient.sleep(5 * MINUTE_MS)
    await folded.fold()
    const kept = await parent.fork('tests-1743', { label: 'npm test' })
    await kept.put('results/tests.json', '{}')
    await client.ambient.sleep(4 * MINUTE_MS)
    await kept.release()
    const working = await parent.fork('docs-1744', { label: 'make docs' })
    await parent.lock('deploy', () => client.ambient.sleep(3 * MINUTE_MS), { label: 'deploy.sh' })
    await client.ambient.sleep(MINUTE_MS)
    const timeline = await parent.timeline()
    await working.release()
    return timeline
  })
}

/** Several at a time, for as long as it takes `count` of them. */
export function aBusyDay(count: number): Promise<Timeline> {
  const world = new World({ seed: 7, latencyMs: 40 })
  return world.run(async () => {
    const client = world.client({ author: 'ci@runner-3' })
    const parent = await client.store.namespace('control-plane', { create: true })
    const left: (() => Promise<unknown>)[] = []
    let next = 0
    const worker = async () => {
      while (next < count) left.push(await aRun(world, parent, next++))
    }
    const poller = async () => {
      for (; next < count; ) {
        await client.ambient.sleep(20 * MINUTE_MS * client.ambient.random())
        await parent.put('pollers/mail.json', String(next), { message: 'poll' })
        const label = `deploy of ${JOBS[next % JOBS.length]}`
        const waitMs = 60 * MINUTE_MS
        const hold = () => client.ambient.sleep((1 + 6 * client.ambient.random()) * MINUTE_MS)
        await parent.lock(next % 3 === 0 ? 'migrate' : 'deploy', hold, { label, waitMs })
      }
    }
    await Promise.all([...Array.from({ length: 14 }, worker), poller(), poller()])
    const timeline = await parent.timeline({ runs: 2000 })
    for (const release of left) await release()
    return timeline
  })
}

/** Resolves to what gives it up in the end. */
async function aRun(world: World, parent: Namespace, n: number): Promise<() => Promise<unknown>> {
  const mine = world.client({ author: `ci@runner-${n % 5}` })
  const { ambient } = mine
  const chance = ambient.random()
  const job = JOBS[n % JOBS.length] ?? ''
  const id = `${job}-${String(n).padStart(4, '0')}`
  const options = { label: `make ${job}`, ttlMs: 30_000 }
  await ambient.sleep(ambient.random() * 3 * MINUTE_MS)
  const run = await (await mine.store.namespace(parent.name)).fork(id, options)
  await ambient.sleep(ambient.random() * 4 * MINUTE_MS)
  await run.put(`results/${id}.json`, '{}')
  await ambient.sleep((0.5 + 12 * ambient.random() ** 3) * MINUTE_MS)
  if (chance < 0.01) return () => run.release()
  if (chance < 0.02) return die(mine)
  if (chance < 0.05) await run.release()
  else if (chance < 0.1) await run.discard()
  else await run.fold()
  return async () => undefined
}

async function die(client: Client): Promise<() => Promise<undefined>> {
  client.kill()
  return async () => undefined
}
