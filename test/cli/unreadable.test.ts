// Listings of what is broken in the store: the others are shown as ever, and of the broken one it is said why.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import { openObjectStore } from '../../lib/store/open.ts'
import { AT_ONCE, aPlace, documents, type Place } from './support.ts'

const overwrite = async ({ folder }: Place, key: string): Promise<void> => {
  const objects = await openObjectStore('file:.runlet/store', systemAmbient, { folder })
  await objects.put(key, Buffer.from('{}'))
}

describe('what cannot be read', AT_ONCE, () => {
  test('is a lock as any other in the table of locks, and a message beside it', async () => {
    const place = await aPlace()
    await place.main.lock('a', () => {}, { label: 'ada' })
    await overwrite(place, 'ns/main/_/lease/lock.b')
    const { stdout, stderr } = await place.runlet(['locks'])
    assert.match(
      stdout,
      /^LOCK {4}STATE {7}HELD {2}WAITED {2}HOLDER {2}LAST HOLDER\nlock\.a {2}free .*\nlock\.b {2}unreadable/,
    )
    assert.match(stderr, /^runlet: lock\.b: \S.*\n$/)
    const states = documents((await place.runlet(['locks', '--json'])).stdout).map(({ state }) => state)
    assert.deepEqual(states, ['free', 'unreadable'])
  })

  test('is a run as any other in the table of runs, and a message beside it', async () => {
    const place = await aPlace()
    await (await place.main.fork('r', { label: 'ada' })).release()
    await overwrite(place, 'ns/main/r/_/head')
    const { stdout, stderr } = await place.runlet(['runs'])
    assert.match(stdout, /^RUN {2}STATE {7}AGE {2}FROM {4}COMMITS {2}ROWS {2}OWNER {2}LABEL\nr {4}unreadable /)
    assert.match(stderr, /^runlet: r: \S.*\n$/)
  })
})
