// What long work tells of itself, and that nobody is told who does not look at a terminal.
import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import { describe, test } from 'node:test'
import { during, passing, progressLine } from '../../lib/cli/progress.ts'
import { formatBytes } from '../../lib/cli/sizes.ts'
import { AT_ONCE, aPlace, until } from './support.ts'

const aTeller = (moves = true) => {
  const told: string[] = []
  return { told, moves, move: (line: string) => void told.push(line), still: () => void told.push('still') }
}

describe('a line of progress', () => {
  test('is a bar where the end is known', () => {
    assert.equal(
      progressLine('put', { done: 1_288_490_189, total: 2_576_980_378, unit: 'bytes' }),
      'put  ████████████░░░░░░░░░░░░  50%  1.2 GiB of 2.4 GiB',
    )
    assert.equal(
      progressLine('compact', { done: 0, total: 12_000, unit: 'rows' }),
      'compact  ░░░░░░░░░░░░░░░░░░░░░░░░   0%  0 of 12,000 rows',
    )
    // A file can grow while it is read.
    assert.match(progressLine('put', { done: 9, total: 3, unit: 'bytes' }), /█{24} 100% {2}3 B of 3 B$/)
  })

  test('is what was done where it is not', () => {
    assert.equal(progressLine('ls', { done: 1234, unit: 'paths' }), 'ls: 1,234 paths')
    assert.equal(progressLine('fetch', { done: 1, unit: 'files' }), 'fetch: 1 file')
    assert.equal(progressLine('put', { done: 0, total: 0, unit: 'bytes' }), 'put: 0 B')
    assert.deepEqual([1, 1023, 1024, 1_048_576, 5e15].map(formatBytes), [
      '1 B',
      '1023 B',
      '1.0 KiB',
      '1.0 MiB',
      '4547.5 TiB',
    ])
  })
})

describe('long work', () => {
  test('tells after a second for how long it was and what it has asked of the store, until it is done', async () => {
    const teller = aTeller()
    const work = until('something was told', () => teller.told[0]).then(() => 42)
    const request = { operation: 'get', key: 'k', bytesUp: 0, bytesDown: 2048, durationMs: 1, outcome: 'ok' }
    const done = during(teller, 'folding main/r', work)
    channel('runlet:request').publish(request)
    assert.equal(await done, 42)
    assert.match(teller.told[0] ?? '', /^folding main\/r: \d+s, 1 request, 2\.0 KiB$/)
    assert.equal(teller.told.at(-1), 'still')
    const before = teller.told.length
    channel('runlet:request').publish(request)
    assert.equal(teller.told.length, before)
  })

  test('that fails, fails; and what is over soon, or not looked at, tells nothing', async () => {
    const failing = aTeller()
    await assert.rejects(during(failing, 'x', Promise.reject(new Error('mine'))), /mine/)
    assert.deepEqual(failing.told, ['still'])
    const unseen = aTeller(false)
    assert.equal(await during(unseen, 'x', Promise.resolve(1)), 1)
    assert.deepEqual(unseen.told, [])
  })

  test('on chunks passes them on as they are', async () => {
    const teller = aTeller()
    const chunks = async function* () {
      yield Buffer.from('ab')
      yield Buffer.from('c')
    }
    const passed: string[] = []
    for await (const chunk of passing(teller, 'get', chunks(), 3)) passed.push(Buffer.from(chunk).toString())
    assert.deepEqual(passed, ['ab', 'c'])
    assert.match(teller.told.at(-1) ?? '', /100% {2}3 B of 3 B$/)
  })
})

describe('progress of the command', AT_ONCE, () => {
  test('is nothing but data and messages where no terminal is', async () => {
    const { runlet, done } = await aPlace()
    await done(['put', 'a'], { input: 'x'.repeat(100_000) })
    for (const args of [
      ['get', 'a'],
      ['ls'],
      ['log'],
      ['runs', '-q'],
      ['locks', '-q'],
      ['rm', 'a'],
      ['compact', '-q'],
    ]) {
      const { code, stderr } = await runlet(args)
      assert.deepEqual([args, code, stderr], [args, 0, ''])
    }
  })
})
