// What wrote golden-store-before-sweeps.json: run in a checkout of revision 7ce7bc1 (23 November 2026), the last before there were
// sweeps, whose heads know no `sweeps`, `earlier`, `emptied`, `keepMs` or times of a run, whose leases know no holdings, and whose
// compactions noted in garbage/ what they dropped, in another shape than a sweep does. From that checkout:
//   node --import tsx test/formats/early-store.ts > golden-store-before-sweeps.json
// It runs on today's code too, but what it writes then is no earlier format.
import { parseNamespaceName } from '../../lib/names.ts'
import { compact } from '../../lib/namespace/compact.ts'
import { commitTransaction, createNamespace, openNamespace, type Transaction } from '../../lib/namespace/namespace.ts'
import { type Client, World } from '../support/world.ts'
import { textsOf } from './golden-world.ts'

const LABEL = { label: 'early' }

const world = new World({ seed: 7 })
await world.run(async () => {
  const ada = world.client({ author: 'ada@early' })
  await fillMain(ada)
  await forkRuns(ada)
  await dieAfterSeal()
  await ada.ambient.sleep(120_000)
  await makeDeepIndex(ada)
})
process.stdout.write(`${JSON.stringify(textsOf(world), null, 1)}\n`)

/** Values in rows, objects and packs, a history of several segments, compactions, and a run from before half of it. */
async function fillMain({ store }: Client): Promise<void> {
  const main = await store.namespace('main', { create: true })
  await main.put('small.txt', 'hello\n', { message: 'the first' })
  await main.put('large.bin', 'x'.repeat(5_000))
  await main.put('unused.bin', 'y'.repeat(6_000))
  await main.commit(tx => {
    for (let i = 0; i < 40; i++) tx.put(`packed/${String(i).padStart(2, '0')}`, `${i}`.repeat(1_000).slice(0, 1_000))
    tx.put('log/all.txt', 'one\n')
  })
  await main.delete('packed/00')
  await main.compact()
  const before = await main.fork('before', LABEL)
  await before.put('in-before.txt', 'before\n')
  await before.release()
  await main.delete('unused.bin')
  for (let i = 0; i < 70; i++) await main.put('counter', String(i))
  await main.compact()
  await main.idle()
  await main.lock('deploy', async lock => main.put('deployed', 'v7', { lock }), LABEL)
}

/** One that was folded, one that was discarded, two that are nested, and one that was refreshed. */
async function forkRuns({ store }: Client): Promise<void> {
  const main = await store.namespace('main')
  const folded = await main.fork('folded', { onConflict: { 'log/**': 'union-lines' }, ...LABEL })
  await folded.put('log/all.txt', 'one\ntwo\n')
  await main.put('log/all.txt', 'one\nthree\n')
  await folded.fold({ message: 'a fold' })
  const dropped = await main.fork('dropped', LABEL)
  await dropped.put('dropped.bin', 'z'.repeat(5_000))
  await dropped.discard()
  const outer = await main.fork('outer', LABEL)
  await outer.put('in-outer.txt', 'outer\n')
  const inner = await outer.fork('inner', LABEL)
  await inner.put('in-inner.txt', 'inner\n')
  const moved = await main.fork('moved', LABEL)
  await moved.put('in-moved.txt', 'moved\n')
  await main.put('late.txt', 'late\n')
  await moved.refresh()
  for (const run of [inner, outer, moved]) await run.release()
}

/** A run whose owner died in its fold, right after the seal. */
async function dieAfterSeal(): Promise<void> {
  let sealing = false
  const bob = world.client({
    author: 'bob@early',
    weather: ({ operation, key, phase }) => {
      if (sealing && operation === 'put' && phase === 'after' && key === 'ns/main/sealed/_/head') bob.kill()
      return 'pass'
    },
  })
  const main = await bob.store.namespace('main')
  const run = await main.fork('sealed', { onError: 'fold', ...LABEL })
  await run.put('in-sealed.txt', 'sealed\n')
  sealing = true
  void run.fold()
}

/** A namespace with small index files, so that it has nodes over its shards. */
async function makeDeepIndex({ objects, ambient }: Client): Promise<void> {
  const bounds = { maxRows: 4, maxBytes: 100_000, maxRefs: 8 }
  const deep = openNamespace(objects, parseNamespaceName('deep'), ambient, bounds)
  await createNamespace(deep)
  const signing = { author: 'ada@early', rules: [], suffix: 'early' }
  const write = (fill: (tx: Transaction) => void) => commitTransaction(deep, fill, signing, {})
  await write(tx => {
    for (let i = 0; i < 60; i++) tx.put(`row/${String(i).padStart(2, '0')}`, `${i}`)
  })
  await write(tx => tx.delete('row/11'))
  await write(tx => tx.put('row/07', 'newer'))
  await compact(deep)
  await deep.committer.idle()
}
