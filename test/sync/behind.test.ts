// A push that others came before: the copy's head does not have it yet, and what is changed back or removed afterwards is a change.
import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { contents } from '../support/world.ts'
import { aBucket, aFolder } from './support.ts'

test('what a copy pushed while others committed can be changed back and removed by its next push', async () => {
  const open = aBucket()
  const [{ namespace }, { namespace: others }] = [await open(), await open()]
  const folder = aFolder()
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'kept'), 'first')
  const copy = await namespace.workingCopy(folder)
  await copy.push()
  await others.put('theirs', '1')
  await writeFile(join(folder, 'kept'), 'second')
  await writeFile(join(folder, 'new'), 'x')
  await copy.push()
  await writeFile(join(folder, 'kept'), 'first')
  await rm(join(folder, 'new'))
  await copy.push()
  assert.deepEqual(await contents(others), { kept: 'first', theirs: '1' })
  assert.deepEqual((await copy.pull()).conflicts, [])
  assert.deepEqual(await contents(others), { kept: 'first', theirs: '1' })
  await copy.dispose()
})
