// The verifier answers, whatever is wrong.
import assert from 'node:assert/strict'
import type { DatastoreHealth, DatastoreProvider } from '../../../../lib/integrations/swamp/contract.ts'
import type { Sentence } from './world.ts'

async function verify(provider: DatastoreProvider): Promise<DatastoreHealth> {
  const health = await provider.createVerifier().verify()
  assert.equal(health.datastoreType, '@runlet/runlet')
  assert.ok(health.latencyMs >= 0 && health.latencyMs < 30_000)
  for (const value of Object.values(health.details)) assert.equal(typeof value, 'string')
  return health
}

async function assertSick(provider: DatastoreProvider, why: RegExp): Promise<void> {
  const { healthy, message } = await verify(provider)
  assert.equal(healthy, false, message)
  assert.match(message, why)
}

export const verifierSentences: readonly Sentence[] = [
  {
    says: 'a store that answers is healthy, before and after the namespace is there',
    async holds({ provider, open }) {
      const before = await verify(provider())
      assert.deepEqual([before.healthy, before.details.state], [true, 'missing'])
      assert.match(before.message, /"swamp" is not there yet/)
      await (await (await open()).namespace('swamp', { create: true })).put('a', '1')
      for (const _ of [1, 2]) {
        const { healthy, details } = await verify(provider())
        assert.deepEqual([healthy, details.state, details.commit, details.namespace], [true, 'open', '1', 'swamp'])
      }
    },
  },
  {
    says: 'a run that is not there, or has ended, is not healthy; one that its first use forks is',
    async holds({ provider, open }) {
      assert.equal((await verify(provider({ run: 'build-1' }))).healthy, true)
      process.env.RUNLET_NAMESPACE = 'swamp/build-1'
      await assertSick(provider(), /"swamp\/build-1".*does not exist/)
      const run = await (await (await open()).namespace('swamp', { create: true })).fork('build-1')
      const { healthy, details } = await verify(provider())
      assert.deepEqual([healthy, details.namespace, details.isolated], [true, 'swamp/build-1', 'true'])
      await run.fold()
      await assertSick(provider(), /folded/)
      process.env.RUNLET_NAMESPACE = ''
      await assertSick(provider({ run: 'build-1' }), /folded/)
    },
  },
  {
    says: 'a store that cannot be reached is not healthy, and the message says what and where',
    async holds({ datastore, folder }) {
      const nowhere = datastore.createProvider({ store: 's3://bucket/p?endpoint=http://127.0.0.1:9&timeoutMs=500' })
      await assertSick(nowhere, /127\.0\.0\.1:9/)
      const { writeFile } = await import('node:fs/promises')
      await writeFile(`${folder}/file`, '')
      await assertSick(datastore.createProvider({ store: `file:${folder}/file/below` }), /file|store/)
    },
  },
  {
    says: 'the run of another store is not healthy',
    async holds({ provider, folder }) {
      process.env.RUNLET_NAMESPACE = 'swamp/build-1'
      process.env.RUNLET_STORE = `file:${folder}/another`
      await assertSick(provider(), /RUNLET_STORE/)
    },
  },
]
