// Which repository has which namespace.
import assert from 'node:assert/strict'
import { range, type Sentence } from './world.ts'

export const namespaceSentences: readonly Sentence[] = [
  {
    says: 'a namespace is registered once, by its repository as often as it likes',
    async holds({ provider, folder }) {
      assert.deepEqual(await provider().listNamespaces(folder), [])
      await provider().registerNamespace(folder, 'infra', 'repo-1')
      await provider().registerNamespace(folder, 'apps', 'repo-2')
      await provider().registerNamespace(folder, 'infra', 'repo-1')
      assert.deepEqual(await provider().listNamespaces(folder), ['apps', 'infra'])
      await assert.rejects(provider().registerNamespace(folder, 'infra', 'repo-2'), (error: Error) => {
        assert.match(error.message, /"infra".*repo-1/)
        return true
      })
      assert.deepEqual(await provider().listNamespaces(folder), ['apps', 'infra'])
      assert.deepEqual(await provider({ parent: 'another' }).listNamespaces(folder), [])
    },
  },
  {
    says: 'of several repositories that want a namespace at once, one gets it',
    async holds({ provider, folder }) {
      const outcomes = await Promise.allSettled(
        range(8).map(i => provider().registerNamespace(folder, 'infra', `repo-${i}`)),
      )
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
      const winner = outcomes.findIndex(({ status }) => status === 'fulfilled')
      for (const outcome of outcomes)
        if (outcome.status === 'rejected')
          assert.ok(String(outcome.reason).includes(`repo-${winner}`), String(outcome.reason))
    },
  },
  {
    says: 'a namespace that cannot be one is refused',
    async holds({ provider, folder, open }) {
      for (const name of ['', '../up', 'a/b', 'Infra', 'x'.repeat(65)])
        await assert.rejects(provider().registerNamespace(folder, name, 'repo-1'), { name: 'InvalidNameError' })
      await assert.rejects(provider().registerNamespace(folder, 'infra', ''), { name: 'InvalidArgumentError' })
      const run = await (await (await open()).namespace('swamp', { create: true })).fork('ended')
      await run.fold()
      await assert.rejects(provider().registerNamespace(folder, 'ended', 'repo-1'), { name: 'NamespaceSealedError' })
      assert.deepEqual(await provider().listNamespaces(folder), [])
    },
  },
]
