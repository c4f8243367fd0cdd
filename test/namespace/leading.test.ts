// Leading goes on in the background once our own change stands: what fails there is nobody's error.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseNamespaceName, parsePath } from '../../lib/names.ts'
import type { Change } from '../../lib/namespace/change.ts'
import { combine, newReport } from '../../lib/namespace/combine.ts'
import { tryToLead } from '../../lib/namespace/leading.ts'
import { openNamespace } from '../../lib/namespace/namespace.ts'
import { readQueue, reject } from '../../lib/namespace/queue.ts'
import type { Row } from '../../lib/namespace/row.ts'
import { sha256 } from '../../lib/namespace/values.ts'
import { type Client, World } from '../support/world.ts'

const name = parseNamespaceName('p')
const open = ({ objects, ambient }: Client) => openNamespace(objects, name, ambient)

function rowOf(path: string): Row {
  const bytes = Buffer.from('x')
  const value = bytes.toString('base64')
  return { path: parsePath(path), seq: 0, in: name, at: 0, author: 'x', size: 1, sha256: sha256(bytes), value }
}

test('a queue that cannot be read while a leader serves others ends no process', async () => {
  const world = new World()
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', note)
  await world.run(async () => {
    let serving = false
    const a: Client = world.client({
      weather: async ({ operation, phase }) => {
        if (operation === 'delete' && phase === 'before') {
          serving = true
          await a.ambient.sleep(2000) // a slow answer
        }
        return serving && operation === 'list' ? 'lose' : 'pass'
      },
    })
    const b = world.client()
    await a.store.namespace('p', { create: true })
    const [mine, theirs] = [open(a), open(b)]
    const { value: head } = await mine.head.refresh()
    const change = (id: string, path: string): Change => {
      const about = { id, since: 0, sinceFork: undefined, at: 0, author: 'x', rules: [], suffix: 'x' }
      return { ...about, sets: [{ rows: [rowOf(path)] }], base: async () => mine.views.view(head) }
    }
    const held = await tryToLead(theirs, 'b', undefined)
    assert.ok('lease' in held)
    const busy = await mine.merge.inspect()
    assert.ok(busy)
    const changes = [change('aaaaaaaa1', 'one'), change('aaaaaaaa2', 'two')]
    const done = combine(mine, changes, newReport(), { first: { busy }, crowded: true })
    await b.ambient.sleep(300)
    const [first] = await readQueue(theirs)
    assert.ok(first)
    await reject(theirs, first, { kind: 'conflict', paths: ['one'] })
    await held.lease.release()
    assert.deepEqual((await done).map(outcome => outcome.kind).sort(), ['committed', 'conflict'])
    await mine.background.idle()
  })
  process.off('unhandledRejection', note)
  assert.deepEqual(unhandled, [])
})
