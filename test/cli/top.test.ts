// `runlet top`: frames and rates are pure, the screen is tried on a terminal that only notes what is written, and the lines for pipes
// through the built command.
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, test } from 'node:test'
import { widthOf } from '../../lib/cli/table.ts'
import { type FrameOptions, frameOf, lineOf } from '../../lib/cli/top/frame.ts'
import { ratesOf } from '../../lib/cli/top/rates.ts'
import { Screen } from '../../lib/cli/top/screen.ts'
import type { LockInfo } from '../../lib/lease/list-locks.ts'
import type { RunGlance, Sight } from '../../lib/run/watch/sight.ts'
import { AT_ONCE, aPlace, documents, says } from './support.ts'

const NOW = Date.UTC(2025, 0, 31, 12, 0, 0)
const ada = { id: 'x', host: 'engine', pid: 1, label: 'ada' }

const aRun = (id: string, given: Partial<RunGlance> = {}): RunGlance => {
  const base = { id, state: 'open', label: `make ${id}`, commits: 3, owner: ada, ownerExpired: false } as const
  return { ...base, startedAt: NOW - 90_000, ...given }
}

const aLock = (name: string, given: Partial<LockInfo> = {}): LockInfo => {
  const base = { name, holder: undefined, expired: false, token: 1, ttlMs: 1000, acquiredAt: new Date(NOW - 5000) }
  return { ...base, waitedMs: 0, last: undefined, held: [], ...given }
}

const aSight = (given: Partial<Sight> = {}): Sight => {
  const base = { namespace: 'main', at: NOW, seq: 7, since: undefined, runs: [], locks: [], queue: [], requests: 4 }
  return { ...base, ...given }
}

const options: FrameOptions = { columns: 100, rows: 30, everyMs: 2000, rates: undefined, bold: text => text }

const BUSY = aSight({
  runs: [
    aRun('a'),
    aRun('b', { state: 'sealed' }),
    aRun('c', { owner: undefined }),
    aRun('d', { ownerExpired: true, startedAt: NOW - 7_200_000 }),
    aRun('e', { state: undefined, owner: undefined }),
  ],
  locks: [
    aLock('merge', { last: { label: 'bob', heldMs: 12, waitedMs: 3 } }),
    aLock('lock.deploy', { holder: ada, waitedMs: 61_000 }),
  ],
  queue: [
    { id: '1', since: NOW - 3000, run: 'main/b', author: 'bob' },
    { id: '2', since: NOW - 1000, run: undefined, author: undefined },
  ],
})

describe('a frame', () => {
  test('tells who works, who holds and who waits, and for how long', () => {
    const lines = frameOf(BUSY, { ...options, rates: { commits: 12.4, folds: 0.5, bars: '▁█' } })
    assert.match(lines[0] ?? '', /^runlet top {2}main #7 {2}\d\d:\d\d:\d\d {2}every 2s, 4 requests {2}q quits$/)
    assert.equal(lines[1], 'commits 12/s  folds 0.5/s  ▁█  queue 2')
    assert.equal(lines[2], 'runs 5: 1 working, 1 folding, 1 kept, 1 gone, 1 not looked at yet  age < 10m 4, < 1d 1')
    assert.deepEqual(lines.slice(3), [
      '',
      'LOCK         STATE  HELD      WAITED  HOLDER',
      'lock.deploy  held   5s        1m 1s   ada (engine, pid 1)',
      'merge        free   was 12ms  3ms     bob',
      '',
      'WAITS  IN THE QUEUE    FROM',
      '3s     fold of main/b  bob',
      '1s     …               …',
      '',
      'RUN  STATE    AGE     COMMITS  OWNER                    LABEL',
      'a    working  1m 30s  3        ada (engine, pid 1)      make a',
      'b    folding  1m 30s  3        ada (engine, pid 1)      make b',
      'c    kept     1m 30s  3        -                        make c',
      'd    gone     2h      3        was ada (engine, pid 1)  make d',
      'e    …        1m 30s  3        -                        make e',
    ])
  })

  test('fits every terminal, with hundreds of runs too, and says how many are not shown', () => {
    const runs = Array.from({ length: 300 }, (_, i) => aRun(`run-${i}`, { label: '日本語 '.repeat(20) }))
    const queue = Array.from({ length: 50 }, (_, i) => ({ id: `${i}`, since: NOW, run: `main/${i}`, author: 'x' }))
    for (const columns of [1, 10, 37, 80, 250])
      for (const rows of [1, 3, 8, 24, 80]) {
        const lines = frameOf({ ...BUSY, runs, queue }, { ...options, columns, rows, problem: 'the store is away' })
        assert.ok(lines.length <= rows)
        assert.ok(lines.every(line => widthOf(line) <= columns))
      }
    const lines = frameOf({ ...BUSY, runs, queue: [], locks: [] }, { ...options, rows: 24 })
    assert.deepEqual([lines.length, lines.at(-1)], [24, '… and 282 more'])
  })

  test('tells which lock cannot be read, and why, and does not take it for free', () => {
    const broken = aLock('lock.deploy', { token: 0, problem: 'its "ttlMs" is no number' })
    const sight = aSight({ locks: [aLock('lock.idle'), broken] })
    assert.deepEqual(frameOf(sight, options).slice(4), [
      'LOCK         STATE       HELD  WAITED  HOLDER',
      'lock.deploy  unreadable  -     -       its "ttlMs" is no number',
      'lock.idle    free        -     0ms     -',
    ])
    assert.match(lineOf(sight, undefined), /held nothing {2}unreadable lock\.deploy$/)
  })

  test('gives the rows that one part does not need to the others', () => {
    const locks = Array.from({ length: 12 }, (_, i) => aLock(`lock.${i}`))
    const lines = frameOf(aSight({ locks, runs: [aRun('a')] }), { ...options, rows: 24 })
    assert.equal(lines.filter(line => line.startsWith('lock.')).length, 12)
    assert.ok(lines.some(line => line.startsWith('a ')))
  })

  test('shares the rows alike where all parts need more', () => {
    const locks = Array.from({ length: 40 }, (_, i) => aLock(`lock.${i}`))
    const runs = Array.from({ length: 40 }, (_, i) => aRun(`run-${i}`))
    const queue = Array.from({ length: 40 }, (_, i) => ({ id: `${i}`, since: NOW, run: `main/${i}`, author: 'x' }))
    const lines = frameOf(aSight({ locks, runs, queue }), { ...options, rows: 33 })
    const shown = (pattern: RegExp) => lines.filter(line => pattern.test(line)).length
    assert.deepEqual([/^lock\./, /fold of/, /^run-/].map(shown), [7, 7, 7])
  })

  test('shows nothing that a terminal would obey, whoever wrote it', () => {
    const evil = '\u001b[2J\u0007\nx'
    const owner = { ...ada, label: evil, host: evil }
    const sight = aSight({
      runs: [aRun('a', { label: evil, owner })],
      locks: [aLock(evil, { holder: owner })],
      queue: [{ id: '1', since: NOW, run: evil, author: evil }],
    })
    const shown = [...frameOf(sight, { ...options, problem: evil }), lineOf(sight, undefined)].join('')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    assert.doesNotMatch(shown, /[\u0000-\u001f\u007f-\u009f]/)
  })
})

describe('rates', () => {
  test('are those of the last ten seconds or so, with a bar for each look', () => {
    assert.equal(ratesOf([]), undefined)
    const look = (commits: number, folds = 0) => ({ ms: 2000, commits, folds })
    const looks = [look(1000), look(0), look(10, 5), look(20), look(0), look(0)]
    assert.deepEqual(ratesOf(looks), { commits: 3, folds: 0.5, bars: '█▁▂▂▁▁' })
    assert.deepEqual(ratesOf([{ ms: 0, commits: 1, folds: 1 }]), undefined)
  })
})

class FakeTerminal extends EventEmitter {
  readonly isTTY = true as const
  columns = 40
  rows = 10
  raw = false
  written: string[] = []
  write = (text: string | Uint8Array): boolean => this.written.push(text.toString()) > 0
  setRawMode = (raw: boolean) => {
    this.raw = raw
    return this as never
  }
  resume = () => this as never
  pause = () => this as never
}

describe('the screen', () => {
  const aScreen = () => {
    const terminal = new FakeTerminal()
    const told: string[] = []
    const handlers = { onQuit: () => told.push('quit'), onResize: () => told.push('resize') }
    const screen = new Screen(terminal as never, terminal as never, handlers)
    return { terminal, told, screen }
  }

  test('is another one while it is shown, and what was there comes back once, however often it is left', () => {
    const { terminal, screen } = aScreen()
    const listeners = process.listenerCount('exit')
    screen.enter()
    assert.equal(terminal.raw, true)
    screen.leave()
    screen.leave()
    screen.draw(['late'])
    assert.equal(terminal.raw, false)
    assert.deepEqual(terminal.written, ['\u001b[?1049h\u001b[?25l\u001b[?7l', '\u001b[?7h\u001b[?25h\u001b[?1049l'])
    assert.equal(process.listenerCount('exit'), listeners)
    assert.equal(terminal.listenerCount('data') + terminal.listenerCount('resize'), 0)
  })

  test('draws a frame by one write that clears nothing before it is overwritten', () => {
    const { terminal, screen } = aScreen()
    screen.enter()
    screen.draw(['one', 'two'])
    screen.leave()
    assert.equal(terminal.written.length, 3)
    assert.equal(terminal.written[1], '\u001b[?2026h\u001b[Hone\u001b[K\r\ntwo\u001b[K\u001b[J\u001b[?2026l')
  })

  test('is left by q and Ctrl-C, and tells of a new size', () => {
    const { terminal, told, screen } = aScreen()
    screen.enter()
    for (const key of ['x', 'q', '\u0003', '\u001b[A']) terminal.emit('data', Buffer.from(key))
    terminal.columns = 99
    terminal.emit('resize')
    assert.deepEqual(told, ['quit', 'quit', 'resize'])
    assert.deepEqual(screen.size, { columns: 98, rows: 10 })
    screen.leave()
  })
})

describe('runlet top', AT_ONCE, () => {
  test('writes a line for each look where there is no terminal, with --json a document', async () => {
    const { done, main } = await aPlace()
    const run = await main.fork('r')
    const lines = (await done(['top', '--every', '500ms', '-n', '2'])).trim().split('\n')
    assert.equal(lines.length, 2)
    assert.match(
      lines[1] ?? '',
      /Z {2}main #0 {2}commits 0\/s, folds 0\/s {2}runs 1: 1 working {2}queue 0 {2}held nothing$/,
    )
    const [first] = documents(await done(['top', '-n', '1', '--json']))
    assert.deepEqual([first?.namespace, first?.seq, first?.requests], ['main', 0, 6])
    await run.release()
  })

  test('goes on until a signal ends it, and says why it cannot begin', async () => {
    const { start, runlet } = await aPlace()
    const started = start(['top', '--every', '500ms'])
    await says(started, 'main #0')
    started.process.kill('SIGTERM')
    assert.equal((await started.ended).code, 143)
    const [wrong, absent] = await Promise.all([
      runlet(['top', '--every', '1']),
      runlet(['top', '--namespace', 'nobody']),
    ])
    assert.deepEqual([wrong.code, absent.code], [2, 1])
    assert.match(absent.stderr, /ERR_RUNLET_NAMESPACE_NOT_FOUND/)
  })
})
