// A namespace that was emptied, filled and emptied again, and compacted each time: its index has nothing left that tells of it.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { test } from 'node:test'
import { aBucket, aFolder } from './support.ts'

test('a copy follows a namespace that was empty, has been filled, and is empty again', async () => {
  const { namespace } = await aBucket()()
  const all = (value: string | undefined) =>
    namespace.commit(tx => {
      for (let i = 0; i < 100; i++) {
        if (value === undefined) tx.delete(`f${i}`)
        else tx.put(`f${i}`, value)
      }
    })
  await all('a')
  await all(undefined)
  await namespace.compact()
  await all('b'.repeat(100))
  const folder = aFolder()
  const copy = await namespace.workingCopy(folder)
  assert.equal((await copy.pull()).written, 100)
  await all(undefined)
  await namespace.compact()
  assert.equal((await copy.pull()).removed, 100)
  assert.deepEqual(
    (await readdir(folder)).filter(name => name !== '.runlet'),
    [],
  )
  await copy.dispose()
})
