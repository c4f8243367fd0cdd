// The pure parts of the command: durations, tables, ids, policies and exit codes.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseConflictOption } from '../../lib/cli/conflict-option.ts'
import { formatAge, formatDuration, formatSpan, parseDuration } from '../../lib/cli/durations.ts'
import { describeFailure, exitCodeOf } from '../../lib/cli/failure.ts'
import { makeRunId, runIdOf } from '../../lib/cli/run-id.ts'
import { clipped, tableLines, widthOf } from '../../lib/cli/table.ts'
import {
  ConfigError,
  ConflictError,
  InvalidArgumentError,
  InvalidNameError,
  InvalidPathError,
  InvalidStoreUrlError,
  LockTimeoutError,
  NamespaceNotFoundError,
  RunInUseError,
  ThrottledError,
} from '../../lib/errors.ts'
import { parseSegment } from '../../lib/names.ts'

describe('durations', () => {
  test('are read in milliseconds, seconds, minutes, hours and days', () => {
    const read = ['500ms', '10s', '10m', '2h', '1d', '1.5s'].map(text => parseDuration('--timeout', text))
    assert.deepEqual(read, [500, 10_000, 600_000, 7_200_000, 86_400_000, 1500])
  })

  for (const text of ['', '10', 'ten', '-1s', '10 m', '1e3s', '0s', '25d', '10M']) {
    test(`${JSON.stringify(text)} is refused, naming the option`, () => {
      assert.throws(() => parseDuration('--timeout', text), InvalidArgumentError)
      assert.throws(() => parseDuration('--timeout', text), /--timeout/)
    })
  }

  test('are written in the greatest unit that leaves at least one', () => {
    assert.deepEqual([0, 999, 1000, 61_000, 7_300_000, 86_400_000].map(formatDuration), [
      '0ms',
      '999ms',
      '1s',
      '1m',
      '2h',
      '1d',
    ])
  })

  test('spans are written in their two greatest units', () => {
    assert.deepEqual([0, 999, 1999, 60_000, 61_000, 7_199_000, 90_000_000, 86_400_000].map(formatSpan), [
      '0ms',
      '999ms',
      '1s',
      '1m',
      '1m 1s',
      '1h 59m',
      '1d 1h',
      '1d',
    ])
  })

  test('the age of what another clock puts in the future is zero', () => {
    assert.equal(formatAge(new Date(5000), 1000), '0ms')
  })
})

describe('tables', () => {
  test('columns are as wide as their widest cell, without trailing blanks', () => {
    const lines = tableLines(
      ['A', 'B'],
      [
        ['1', 'x'],
        ['1000', ''],
      ],
    )
    assert.deepEqual(lines, ['A     B', '1     x', '1000'])
  })

  test('fit a terminal: cells are cut that may be, the widest first, and columns left out that can be spared', () => {
    const [headings, row] = [
      ['RUN', 'STATE', 'ROWS', 'OWNER'],
      ['import-7', 'working', '12345', 'ada lovelace (engine, pid 1)'],
    ]
    const options = { cut: ['RUN', 'OWNER'], spare: ['ROWS'] }
    const at = (width: number) => tableLines(headings, [row], { width, ...options })[1]
    assert.equal(at(60), 'import-7  working  12345  ada lovelace (engine, pid 1)')
    assert.equal(at(45), 'import-7  working  12345  ada lovelace (engi…')
    assert.equal(at(30), 'import-7  working  ada lovela…')
    assert.equal(at(20), 'import-7  working  …')
    for (let width = 1; width < 60; width++) {
      const lines = tableLines(headings, [row], { width, ...options })
      assert.ok(lines.every(line => widthOf(line) <= width))
    }
  })

  test('line up and fit with letters that are two columns wide, or none', () => {
    assert.deepEqual([widthOf('日本'), widthOf('e\u0301'), widthOf('🚀'), widthOf('ab')], [4, 1, 2, 2])
    const [, wide, plain] = tableLines(
      ['A', 'B'],
      [
        ['日本', 'x'],
        ['abcd', 'x'],
      ],
    )
    assert.deepEqual([wide, plain], ['日本  x', 'abcd  x'])
    assert.equal(clipped('日本語', 5), '日本…')
    assert.equal(clipped('日本語', 4), '日…')
  })

  test('what a terminal would obey is not written to it', () => {
    assert.deepEqual(tableLines(['A'], [['\u001b[31mred\nline']]), ['A', ' [31mred line'])
  })
})

describe('run ids', () => {
  const ambient = { now: () => Date.UTC(2025, 0, 31, 23, 59, 59), randomId: () => 'abcdefghijklmnop' }

  test('say which program was run, and when', () => {
    assert.equal(makeRunId('/usr/bin/npm', ambient), 'npm-20250131-235959-abcdef')
  })

  for (const program of ['./Run Me!.sh', '---', '日本', 'x'.repeat(300), '.']) {
    test(`are valid for a program called ${JSON.stringify(program.slice(0, 20))}`, () => {
      parseSegment(makeRunId(program, ambient), 'run id')
    })
  }

  test('may be given as the full name of the run', () => {
    assert.deepEqual([runIdOf('a/b', 'a/b/c'), runIdOf('a/b', 'c'), runIdOf('a', 'ab')], ['c', 'c', 'ab'])
  })
})

describe('--on-conflict', () => {
  test('is a policy for all paths, or by glob; the one for all comes last', () => {
    assert.deepEqual(Object.entries(parseConflictOption(['ours', 'logs/**=union-lines']) ?? {}), [
      ['logs/**', 'union-lines'],
      ['**', 'ours'],
    ])
    assert.equal(parseConflictOption(undefined), undefined)
  })

  for (const text of ['', 'mine', '=ours', 'logs/**', 'a=b=c']) {
    test(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(() => parseConflictOption([text]), InvalidArgumentError)
    })
  }
})

describe('failures', () => {
  test('wrong usage is 2, what may go well later is 75, the rest is 1', () => {
    const codes = [
      new InvalidArgumentError('a', 'b', 'c'),
      new InvalidNameError('run id', 'A', 'x'),
      new InvalidPathError('/', 'a', 'b'),
      new InvalidStoreUrlError('x', 'y'),
      new ConfigError('a', 'b', 'c'),
      new LockTimeoutError('a', 'b', 0),
      new ThrottledError('k'),
      new RunInUseError('main/a', 'x (host, pid 1)', true),
      new RunInUseError('main/a', 'nobody', false),
      new ConflictError('main', ['a']),
      new NamespaceNotFoundError('main'),
      new Error('bug'),
      'thrown',
    ].map(exitCodeOf)
    assert.deepEqual(codes, [2, 2, 2, 2, 2, 75, 75, 75, 1, 1, 1, 1, 1])
  })

  test('are one line with their code, and the stack when asked', () => {
    const error = new ConfigError('file', 'two\nlines', 'Remedy.')
    assert.equal(
      describeFailure(error, { verbose: false }),
      'runlet: file: two\\u000alines. Remedy. [ERR_RUNLET_CONFIG]',
    )
    assert.match(describeFailure(error, { verbose: true }), /\n {4}at /)
  })
})
