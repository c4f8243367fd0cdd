// The log of a poller: what it has, that it never grows beyond its bounds, and how it is read.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { follow } from '../../../lib/integrations/poller/follow.ts'
import { Log, type LogBounds, lastLines, linesOf, logFiles } from '../../../lib/integrations/poller/log.ts'

const folder = await mkdtemp(join(tmpdir(), 'test-log-'))
after(() => rm(folder, { recursive: true, force: true }))
const aFolder = async (): Promise<string> => join(await mkdtemp(join(folder, 'poller-')), 'logs')

const SMALL: LogBounds = { fileBytes: 4000, totalBytes: 20_000, files: 8 }
const withoutTimes = (lines: readonly string[]) => lines.map(line => line.slice(25))

async function* chunksOf(...chunks: Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks
}

const collect = async (chunks: AsyncIterable<Buffer>): Promise<string[]> => {
  const all: string[] = []
  for await (const lines of linesOf(chunks)) all.push(...lines)
  return all
}

describe('the log', () => {
  test('has each line with its time, and gives the newest', async () => {
    const logs = await aFolder()
    const log = new Log(logs)
    await log.add(['one', 'two'])
    await log.add(['three'])
    const lines = await lastLines(logs, 2)
    assert.match(lines[0] ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z two$/)
    assert.deepEqual(withoutTimes(lines), ['two', 'three'])
    assert.deepEqual(await lastLines(logs, 0), [])
    assert.equal((await lastLines(logs, 99)).length, 3)
  })

  test('stays within its bounds, whoever writes how much, and has the newest', async () => {
    const logs = await aFolder()
    const writers = Array.from({ length: 3 }, () => new Log(logs, SMALL))
    for (let i = 0; i < 400; i++) {
      await Promise.all(writers.map((log, w) => log.add([`${w} ${i} ${'x'.repeat(i % 300)}`])))
    }
    const sizes = await Promise.all((await readdir(logs)).map(async name => (await stat(join(logs, name))).size))
    const most = SMALL.totalBytes + writers.length * (SMALL.fileBytes + 400)
    assert.ok(sizes.reduce((a, b) => a + b, 0) <= most, `${sizes} are more than ${most}`)
    assert.ok(sizes.length <= SMALL.files + writers.length, `${sizes}`)
    assert.ok(
      sizes.every(size => size <= SMALL.fileBytes + 400),
      `${sizes}`,
    )
    for (const w of [0, 1, 2]) assert.ok((await lastLines(logs, 12)).some(line => line.includes(` ${w} 399 `)))
    assert.ok(writers.every(log => log.problem === undefined))
  })

  test('of starts that overlapped is in the order of time', async () => {
    const logs = await aFolder()
    let now = 1_700_000_000_000
    const ambient = { now: () => now++, randomId: () => `id${now}` } as never
    const [a, b] = [new Log(logs, SMALL, ambient), new Log(logs, SMALL, ambient)]
    for (const [log, line] of [
      [a, 'a1'],
      [b, 'b1'],
      [a, 'a2'],
      [b, 'b2'],
    ] as const)
      await log.add([line])
    assert.equal((await logFiles(logs)).length, 2)
    assert.deepEqual(withoutTimes(await lastLines(logs, 3)), ['b1', 'a2', 'b2'])
  })

  test('that cannot be written ends nothing, and says so', async () => {
    const logs = await aFolder()
    await rm(join(logs, '..'), { recursive: true })
    const log = new Log(logs)
    await log.add(['lost'])
    assert.equal((log.problem as NodeJS.ErrnoException).code, 'ENOENT')
  })

  test('can be followed, over files that come', async () => {
    const logs = await aFolder()
    const bounds = { ...SMALL, totalBytes: 10_000_000, files: 1000 }
    await new Log(logs, bounds).add(['before'])
    const stop = new AbortController()
    const seen: string[] = []
    const log = new Log(logs, bounds)
    const line = (n: number) => `${n} ${'y'.repeat(200)}`
    const writing = (async () => {
      for (let n = 0; !stop.signal.aborted; n++) {
        await log.add([line(n)])
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    })()
    for await (const text of follow(logs, stop.signal)) {
      seen.push(...text.split('\n').slice(0, -1))
      if (seen.length >= 40) stop.abort()
    }
    await writing
    // What was written before the first look is known already.
    const first = Number(seen[0]?.split(' ')[1])
    assert.deepEqual(
      withoutTimes(seen),
      seen.map((_, i) => line(first + i)),
    )
    assert.ok((await logFiles(logs)).length > 2)
  })
})

describe('lines', () => {
  test('are the same however they arrive, and none is lost', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' })), fc.array(fc.nat(50)), async (texts, cuts) => {
        const bytes = Buffer.from(texts.join('\n'))
        const chunks: Buffer[] = []
        let from = 0
        for (const cut of cuts) {
          chunks.push(bytes.subarray(from, from + cut))
          from += cut
        }
        const all = await collect(chunksOf(...chunks, bytes.subarray(from)))
        const expected = bytes.toString().split('\n')
        assert.deepEqual(all, expected.at(-1) === '' ? expected.slice(0, -1) : expected)
      }),
    ))

  test('that never end are broken', async () => {
    const all = await collect(chunksOf(...Array.from({ length: 10 }, () => Buffer.alloc(10_000, 'z'))))
    assert.equal(all.join('').length, 100_000)
    assert.ok(all.every(line => line.length <= 16 * 1024))
  })
})

test('nobody else may read it', async () => {
  const logs = await aFolder()
  await new Log(logs).add(['private'])
  const [name = ''] = await logFiles(logs)
  assert.equal((await stat(join(logs, name))).mode & 0o077, 0)
  assert.match(await readFile(join(logs, name), 'utf8'), /private/)
})
