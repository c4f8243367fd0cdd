// `runlet report`: the page as text and data. That a browser draws it is tried by `npm run test:browser`.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { reportHtml } from '../../lib/cli/report/html.ts'
import { shownRuns } from '../../lib/cli/report/page/filter.ts'
import { segmentsOf, workedOf } from '../../lib/cli/report/page/segments.ts'
import { type PageData, type PageRun, pageData } from '../../lib/cli/report/page-data.ts'
import type { Timeline } from '../../lib/run/timeline/timeline.ts'
import { AT_ONCE, aPlace, documents } from './support.ts'

const HOSTILE = [
  '</script><script>alert(1)</script>',
  '<!--<script>',
  '<img src=x onerror=alert(1)>',
  '"\' onload=alert(1) &lt;/script&gt;',
  '\u2028\u2029</SCRIPT >',
]

const aRun = (given: Partial<PageRun> & { id: string }): PageRun => {
  return { fork: given.id, fate: 'folded', label: '', forkedAt: 0, commits: 1, ...given }
}

const dataOf = (html: string): PageData => {
  const [, text = ''] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html) ?? []
  return JSON.parse(text)
}

const aTimeline = (given: Partial<Timeline>): Timeline => {
  return { namespace: 'main', at: 1000, runs: [], unread: 0, commits: [], locks: [], requests: 0, ...given }
}

describe('the page of a report', () => {
  for (const text of HOSTILE) {
    test(`has ${JSON.stringify(text)} as data, wherever it stood`, () => {
      const data: PageData = {
        namespace: text,
        at: 1,
        unread: 0,
        runs: [aRun({ id: text, label: text, owner: text, problem: text })],
        commits: [{ seq: 1, at: 1, rows: 1, author: text, message: text, run: text }],
        locks: [{ name: text, holdings: [{ label: text, at: 1, waitedMs: 0, state: 'held' }] }],
      }
      const html = reportHtml(data, 'ours()')
      assert.deepEqual(dataOf(html), data)
      const elements = [...html.matchAll(/<(?!\/|!doctype)([a-z!-]+)/gi)].map(([, name]) => name)
      const plain = reportHtml({ ...data, namespace: 'main', runs: [], commits: [], locks: [] }, 'ours()')
      assert.deepEqual(
        elements,
        [...plain.matchAll(/<(?!\/|!doctype)([a-z!-]+)/gi)].map(([, name]) => name),
      )
      assert.equal(html.split('</script>').length, 3)
    })
  }

  test('asks for nothing, and lets a browser run its own script alone', () => {
    const html = reportHtml(pageData(aTimeline({})), 'ours("</script>")')
    const [, policy = ''] = /Content-Security-Policy" content="([^"]+)"/.exec(html) ?? []
    assert.match(policy, /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; /)
    const [, script = ''] = /<script>(.*?)<\/script>\n<\/body>/s.exec(html) ?? []
    assert.equal(script, 'ours("<\\/script>")')
    assert.ok(policy.includes(createHash('sha256').update(script).digest('base64')))
    assert.doesNotMatch(html, /\b(src|href)=/)
  })

  test('has the holdings of a lock, that of its holder first, and those that were never given back', () => {
    const holder = { id: 'x', host: 'h', pid: 1, label: 'me' }
    const held = [
      { label: 'dead', at: 20, waitedMs: 1 },
      { label: 'before', at: 10, waitedMs: 2, heldMs: 5 },
    ]
    const common = { token: 3, ttlMs: 1000, waitedMs: 7, last: undefined, held }
    const lock = { ...common, name: 'deploy', holder, expired: false, acquiredAt: new Date(30) }
    const free = { ...common, name: 'free', holder: undefined, expired: false, acquiredAt: new Date(30), held: [] }
    assert.deepEqual(pageData(aTimeline({ locks: [lock, free] })).locks, [
      {
        name: 'deploy',
        holdings: [
          { label: 'me (h, pid 1)', at: 30, waitedMs: 7, state: 'held' },
          { ...held[0], state: 'expired' },
          { ...held[1], state: 'released' },
        ],
      },
    ])
  })
})

describe('the lane of a run', () => {
  const phases = (run: PageRun, now = 100) =>
    segmentsOf(run, now).map(({ phase, from, to }) => `${phase} ${from}-${to}`)

  test('shows what it did when', () => {
    const folded = aRun({ id: 'a', firstWriteAt: 10, sealedAt: 50, waitedMs: 20, endedAt: 80 })
    assert.deepEqual(phases(folded), ['idle 0-10', 'working 10-50', 'waiting 50-70', 'folding 70-80'])
    const { endedAt: _, waitedMs: __, ...folding } = folded
    assert.deepEqual(phases({ ...folding, fate: 'folding' }), ['idle 0-10', 'working 10-50', 'folding 50-100'])
    assert.deepEqual(phases(aRun({ id: 'a', fate: 'working' })), ['working 0-100'])
    assert.deepEqual(phases(aRun({ id: 'a', fate: 'kept', endedAt: 60 })), ['working 0-60', 'left 60-100'])
    assert.deepEqual(phases(aRun({ id: 'a', fate: 'discarded', endedAt: 60 })), ['working 0-60'])
  })

  test('shows when nobody looked after it before a sweep ended it', () => {
    const left = { from: 30, to: 70, as: 'gone' } as const
    const died = aRun({ id: 'a', fate: 'discarded', firstWriteAt: 10, endedAt: 75, left })
    assert.deepEqual(phases(died), ['idle 0-10', 'working 10-30', 'left 30-70', 'working 70-75'])
    assert.deepEqual(workedOf(died, 100), [
      [0, 30],
      [70, 75],
    ])
    assert.deepEqual(workedOf(aRun({ id: 'a', fate: 'kept', endedAt: 60 }), 100), [[0, 60]])
  })

  test('never goes back, whatever the clocks of its machines said', () => {
    for (const endedAt of [-50, 5, 500])
      for (const sealedAt of [-50, 5, 500])
        for (const firstWriteAt of [-50, 5, 500])
          for (const forkedAt of [0, 300]) {
            const left = { from: firstWriteAt, to: sealedAt, as: 'kept' } as const
            const times = { forkedAt, firstWriteAt, sealedAt, waitedMs: 99, endedAt, left }
            const run = aRun({ id: 'a', fate: 'folded', ...times })
            const segments = segmentsOf(run, 100)
            assert.ok(segments.every(({ from, to }, i) => from < to && from >= (segments[i - 1]?.to ?? forkedAt)))
          }
  })
})

describe('the filters', () => {
  const runs = [
    aRun({ id: 'build-1', label: 'make all', forkedAt: 10, endedAt: 20 }),
    aRun({ id: 'test-2', label: 'make test', forkedAt: 30, endedAt: 90, fate: 'discarded' }),
    aRun({ id: 'kept-3', forkedAt: 40, endedAt: 50, fate: 'kept' }),
  ]
  const all = { text: '', hidden: new Set<never>(), time: undefined, order: 'newest' } as const
  const shown = (filter: object) => shownRuns(runs, { ...all, ...filter }, 100).map(({ id }) => id)

  test('find runs by all words, by state and by the time at which they were there', () => {
    assert.deepEqual(shown({}), ['kept-3', 'test-2', 'build-1'])
    assert.deepEqual(shown({ text: 'MAKE all' }), ['build-1'])
    assert.deepEqual(shown({ text: 'discarded' }), ['test-2'])
    assert.deepEqual(shown({ hidden: new Set(['kept', 'folded']) }), ['test-2'])
    assert.deepEqual(shown({ time: [0, 25] }), ['build-1'])
    assert.deepEqual(shown({ time: [92, 99] }), ['kept-3'])
    assert.deepEqual(shown({ order: 'oldest' }), ['build-1', 'test-2', 'kept-3'])
    assert.deepEqual(shown({ order: 'longest' }), ['test-2', 'kept-3', 'build-1'])
  })
})

describe('runlet report', AT_ONCE, () => {
  test('writes a page with all the runs of the namespace, and says what it cost', async () => {
    const { folder, done, main } = await aPlace()
    const run = await main.fork('a-run', { label: '<b>label</b>' })
    await run.put('a', '1')
    await run.fold()
    await (await main.fork('kept', { label: 'left' })).release()
    const [told] = documents(await done(['report', '--html', 'report.html', '--json']))
    const html = await readFile(join(folder, 'report.html'), 'utf8')
    assert.deepEqual(
      [told?.file, told?.bytes, told?.runs, told?.unread],
      ['report.html', Buffer.byteLength(html), 2, 0],
    )
    assert.ok(Number(told?.requests) < 16, JSON.stringify(told))
    const { runs, commits } = dataOf(html)
    assert.deepEqual(
      runs.map(({ id, fate, label }) => [id, fate, label]),
      [
        ['kept', 'kept', 'left'],
        ['a-run', 'folded', '<b>label</b>'],
      ],
    )
    assert.deepEqual(
      commits.map(({ run }) => run),
      ['a-run'],
    )
    assert.deepEqual((await readdir(folder)).sort(), ['.runlet', 'report.html', 'runlet.config.json'])
    assert.equal(dataOf(await done(['report', '--html', '-', '--runs', '1'])).unread, 1)
  })

  test('refuses a count that is none, and a file that cannot be written', async () => {
    const { runlet } = await aPlace()
    const [noFile, noCount, noFolder] = await Promise.all([
      runlet(['report']),
      runlet(['report', '--html', 'x.html', '--runs', 'all']),
      runlet(['report', '--html', 'not/there.html']),
    ])
    assert.deepEqual([noFile.code, noCount.code, noFolder.code], [2, 2, 1])
    assert.match(noCount.stderr, /--runs/)
    assert.match(noFolder.stderr, /ERR_RUNLET_FILE/)
  })
})
