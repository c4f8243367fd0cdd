// A change that relies on more than its own paths: who made it judges what came since; others let it through only where nothing came
// that could matter.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseNamespaceName, parsePath } from '../../lib/names.ts'
import { type Change, fromStoredChange, type Reliance, toStoredChange } from '../../lib/namespace/change.ts'
import { compact } from '../../lib/namespace/compact.ts'
import { integrate } from '../../lib/namespace/integrate.ts'
import { commitTransaction, createNamespace, type OpenNamespace, openNamespace } from '../../lib/namespace/namespace.ts'
import { World } from '../support/world.ts'

const p = parseNamespaceName('p')
const by = { author: 'x', rules: [], suffix: 'x' }

interface Acts {
  readonly puts?: readonly string[]
  readonly deletes?: readonly string[]
  readonly compacts?: boolean
}

async function act(namespace: OpenNamespace, { puts = [], deletes = [], compacts }: Acts) {
  const fill = (tx: { put(path: string, value: string): void; delete(path: string): void }) => {
    for (const path of puts) tx.put(path, String(namespace.ambient.now()))
    for (const path of deletes) tx.delete(path)
  }
  if (puts.length + deletes.length > 0) await commitTransaction(namespace, fill, by, {})
  if (compacts) await compact(namespace)
}

/** What a leader says of a change to `own` that was made before `acts`: its owner, or a process that found it in the queue. */
async function verdictAfter(acts: Acts, reliesOn: Reliance, leader: 'owner' | 'other') {
  const world = new World()
  return world.run(async () => {
    const client = world.client()
    const namespace = openNamespace(client.objects, p, client.ambient)
    await createNamespace(namespace)
    await act(namespace, { puts: ['own', 'a/1', 'a/2', 'b/1', 'c'] })
    const before = (await namespace.head.current()).value
    const base = namespace.views.view(before)
    const change: Change = {
      id: '12345678-own',
      since: before.seq,
      sinceFork: undefined,
      at: 0,
      author: 'x',
      sets: [{ rows: [{ path: parsePath('own'), seq: 0, in: p, at: 0, author: 'x', deleted: true }] }],
      rules: [],
      suffix: 'x',
      reliesOn,
      base: async () => base,
    }
    await act(namespace, acts)
    const head = (await namespace.head.refresh()).value
    const seen = leader === 'owner' ? change : fromStoredChange(toStoredChange(change, p), p)
    return (await integrate(namespace, head, seen)).kind
  })
}

const reliance = { under: '', deletions: ['a/'], writes: ['b/', 'b/1'] }

describe('a change that relies on more than its own paths', () => {
  const cases: [what: string, acts: Acts, verdict: string][] = [
    ['nothing came', {}, 'apply'],
    ['a path was written that does not matter', { puts: ['a/1', 'c', 'a'] }, 'apply'],
    ['a path was deleted that does not matter', { deletes: ['b/1', 'c'] }, 'apply'],
    ['a deletion came that may matter', { deletes: ['a/2'] }, 'owner'],
    ['a write came that may matter', { puts: ['b/new'] }, 'owner'],
    ['all was merged meanwhile, and nothing deleted', { puts: ['c'], compacts: true }, 'apply'],
    ['a deletion was merged away', { deletes: ['a/2'], compacts: true }, 'owner'],
  ]
  for (const [what, acts, verdict] of cases) {
    test(`is answered with "${verdict}" by another process when ${what}`, async () => {
      assert.equal(await verdictAfter(acts, reliance, 'other'), verdict)
    })
  }

  test('is not asked about again when nothing came', async () => {
    const contradicted = () => assert.fail('nothing came')
    assert.equal(await verdictAfter({}, { ...reliance, contradicted }, 'owner'), 'apply')
  })

  test('is in conflict where its owner says so, and only there', async () => {
    const says = (paths: string[]) => ({ ...reliance, contradicted: async () => paths })
    assert.equal(await verdictAfter({ puts: ['z'] }, says(['own']), 'owner'), 'conflict')
    assert.equal(await verdictAfter({ deletes: ['a/2'] }, says([]), 'owner'), 'apply')
  })

  test('finds whether a path starts with one of many, as asking each would', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', 'a/', 'a/1', 'b/', 'b/1', 'c', 'x'), { maxLength: 4 }),
        fc.subarray(['a/1', 'a/2', 'b/1', 'c'], { minLength: 1 }),
        async (writes, puts) => {
          const matters = puts.some(path => writes.some(start => path.startsWith(start)))
          const verdict = await verdictAfter({ puts }, { under: '', deletions: [], writes }, 'other')
          assert.equal(verdict, matters ? 'owner' : 'apply')
        },
      ),
    ))
})
