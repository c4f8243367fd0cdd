// A service that opens a namespace for each request: what it drops is not kept until the store is closed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { openStore } from '../../lib/runlet.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

test('handles that nobody has any more are not kept by their store', async () => {
  const store = await openStore('memory:')
  const kept = await store.namespace('n', { create: true })
  let collected = 0
  const registry = new FinalizationRegistry(() => (collected += 1))
  for (let i = 0; i < 300; i++) {
    const dropped = await store.namespace('n')
    await dropped.put('a', `${i}`)
    registry.register(dropped, i)
  }
  const deadline = performance.now() + 20_000
  while (collected < 200 && performance.now() < deadline) {
    collect()
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  assert.ok(collected >= 200, `${collected} of 300 were collected`)
  assert.equal(Buffer.from((await kept.get('a')) ?? '').toString(), '299')
  await store.close()
})
