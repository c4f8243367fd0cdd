// Answers of the same process that overtake one another.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseNamespaceName } from '../../lib/names.ts'
import { raiseFence } from '../../lib/namespace/fences.ts'
import { createNamespace, openNamespace } from '../../lib/namespace/namespace.ts'
import { World } from '../support/world.ts'

test('an answer that a swap overtook does not bring back the head from before it, though both have the same seq', async () => {
  const world = new World()
  let slowAnswers = false
  await world.run(async () => {
    const client = world.client({
      weather: async ({ phase, operation }) => {
        if (slowAnswers && phase === 'after' && operation === 'get') {
          slowAnswers = false
          await world.time.ambient().sleep(1_000)
        }
        return 'pass' as const
      },
    })
    const namespace = openNamespace(client.objects, parseNamespaceName('p'), client.ambient)
    await createNamespace(namespace)
    await raiseFence(namespace, { name: 'lock.a', token: 1 })
    slowAnswers = true
    const slow = namespace.head.refresh()
    await client.ambient.sleep(100)
    await raiseFence(namespace, { name: 'lock.a', token: 2 })
    assert.equal((await slow).value.fences['lock.a'], 2)
    assert.equal(namespace.head.known?.value.fences['lock.a'], 2)
  })
})

test('a swap whose answer a read overtook does not bring back its own head when somebody has swapped since', async () => {
  const world = new World()
  let slowAnswers = false
  await world.run(async () => {
    const [other, client] = [
      world.client(),
      world.client({
        weather: async ({ phase, operation }) => {
          if (slowAnswers && phase === 'after' && operation === 'put') await world.time.ambient().sleep(1_000)
          return 'pass' as const
        },
      }),
    ]
    const name = parseNamespaceName('p')
    const [theirs, ours] = [other, client].map(({ objects, ambient }) => openNamespace(objects, name, ambient)) as [
      ReturnType<typeof openNamespace>,
      ReturnType<typeof openNamespace>,
    ]
    await createNamespace(ours)
    slowAnswers = true
    const slow = raiseFence(ours, { name: 'lock.a', token: 1 })
    await client.ambient.sleep(100)
    await raiseFence(theirs, { name: 'lock.a', token: 2 })
    await ours.head.refresh()
    await slow
    assert.equal(ours.head.known?.value.fences['lock.a'], 2)
  })
})
