// What the command answers to wrong usage and bad input, and that it behaves in a pipe (G10).
import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { makeProgram } from '../../lib/cli/program.ts'
import { AT_ONCE, aFolder, aPlace, callRunlet, RUNLET, startProgram, startRunlet } from './support.ts'

const VERBS = makeProgram(() => {})
  .commands.map(verb => verb.name())
  .filter(name => !name.startsWith('_'))
const ONE_LINE = /^runlet: .+ \[[A-Z_0-9]+\]\n$/

describe('help', AT_ONCE, () => {
  test('names every verb', async () => {
    const { code, stdout } = await callRunlet(['--help'])
    assert.equal(code, 0)
    for (const verb of VERBS) assert.match(stdout, new RegExp(`^ {2}${verb}\\b`, 'm'))
  })

  test('of each verb has an example', async () => {
    for (const verb of VERBS) {
      const { code, stdout } = await callRunlet([verb, '--help'])
      assert.equal(code, 0)
      assert.match(stdout, new RegExp(`Examples?:\n  \\$ .*runlet ${verb}\\b`), verb)
    }
  })

  test('of the whole command loads nothing to say it', async () => {
    const loaded = await filesLoadedBy(['--help'], await aFolder())
    const ours = loaded.filter(file => file.startsWith('file:')).map(file => file.replace(/^.*\/dist\//, ''))
    assert.deepEqual(ours.sort(), ['cli/help-written.js', 'cli/main.js'])
  })

  test('of a verb and --version load no library', async () => {
    for (const args of [['run', '--help'], ['--version']]) {
      const loaded = await filesLoadedBy(args, await aFolder())
      assert.ok(loaded.some(file => file.includes('commander')))
      assert.deepEqual(
        loaded.filter(file => /zod|aws|execa|lib\/runlet/.test(file)),
        [],
      )
    }
  })

  test('is shown for options without a verb, as wrong usage', async () => {
    for (const args of [['--json'], ['worktree']]) {
      const { code, stdout, stderr } = await callRunlet(args)
      assert.deepEqual([code, stdout], [2, ''])
      assert.match(stderr, /^Usage: runlet/)
    }
  })
})

test('a file store is used without loading the AWS SDK, nor what only other verbs need', async () => {
  const loaded = await filesLoadedBy(['ls'], (await aPlace()).folder)
  assert.ok(loaded.some(file => file.includes('file-store')))
  const needless =
    /aws|smithy|execa|plist|node_modules\/zod|doctor|run\/sweep\/sweep|retention\/retention|timeline|sync\/pull|poller\/install|page-data/
  assert.deepEqual(
    loaded.filter(file => needless.test(file)),
    [],
  )
})

test('runlet alone names an S3 store without loading the AWS SDK or what works on stores', async () => {
  const folder = await aFolder()
  await writeFile(join(folder, 'runlet.config.json'), '{"store":"s3://bucket/prefix","namespace":"main"}')
  const loaded = await filesLoadedBy([], folder)
  assert.ok(loaded.some(file => file.includes('welcome')))
  assert.deepEqual(
    loaded.filter(file => /aws|smithy|execa|dist\/(runlet|namespace\/namespace)/.test(file)),
    [],
  )
})

/** The modules that a successful command loads, as V8's coverage tells them. */
async function filesLoadedBy(args: readonly string[], cwd: string): Promise<string[]> {
  const coverage = await aFolder()
  assert.equal((await startRunlet(args, { cwd, env: { NODE_V8_COVERAGE: coverage } }).ended).code, 0)
  const [report = ''] = await readdir(coverage)
  const { result } = JSON.parse(await readFile(join(coverage, report), 'utf8'))
  return result.map(({ url }: { url: string }) => url)
}

describe('wrong usage exits 2 with one readable line', AT_ONCE, () => {
  const CASES: [what: string, args: string[], says: RegExp][] = [
    ['a mistyped verb', ['ptu'], /unknown command 'ptu'.*Did you mean put\?/],
    ['a mistyped option', ['ls', '--jsn'], /unknown option '--jsn'.*Did you mean --json\?/],
    ['a missing argument', ['put'], /missing required argument 'path'\. See `runlet put --help`\. \[/],
    ['too many arguments', ['runs', 'x'], /too many arguments/],
    ['a malformed path', ['put', '../x'], /path "\.\.\/x"/],
    ['a malformed prefix', ['ls', '/x'], /path "\/x"/],
    ['a malformed run id', ['run', '--id', 'A', '--', 'true'], /run id "A"/],
    ['a malformed run to fold', ['fold', 'A B'], /run id "A B"/],
    ['a malformed namespace', ['--namespace', 'a//b', 'ls'], /namespace "a\/\/b"/],
    ['a malformed store URL', ['--store', 'ftp://x', 'ls'], /store URL "ftp:\/\/x"/],
    ['an empty option', ['--store', '', 'ls'], /--store: is empty/],
    ['a malformed time-out', ['run', '--timeout', '10', '--', 'true'], /--timeout: "10" is no duration/],
    ['a time to live that is too short', ['run', '--ttl', '10ms', '--', 'true'], /--ttl: 10ms is out of range/],
    ['a malformed singleton key', ['run', '--singleton', '/', '--', 'true'], /singleton key "\/"/],
    [
      'an unknown end',
      ['run', '--on-error', 'x', '--', 'true'],
      /'--on-error <what>' argument 'x' is invalid\. Allowed choices are keep, discard, fold\. \[/,
    ],
    ['an unknown policy', ['run', '--on-conflict', 'a=b', '--', 'true'], /--on-conflict: "a=b"/],
    ['a resume of nothing', ['run', '--resume', '--', 'true'], /--resume: needs/],
    ['no program', ['run', '--'], /missing required argument 'program'/],
    ['a program without --', ['run', 'npm', 'test', '--watch'], /unknown option '--watch'.*stand after `--`/],
    ['a malformed count', ['log', '-n', 'x'], /--number: "x"/],
  ]

  for (const [what, args, expected] of CASES) {
    test(what, async () => {
      const place = await aPlace()
      const before = await readdir(join(place.folder, '.runlet/store'), { recursive: true })
      const { code, stdout, stderr } = await place.runlet(args)
      assert.match(stderr, ONE_LINE)
      assert.match(stderr, expected)
      assert.deepEqual([code, stdout], [2, ''])
      assert.deepEqual(await readdir(join(place.folder, '.runlet/store'), { recursive: true }), before)
    })
  }

  test('no configuration at all, with the remedy', async () => {
    const { code, stderr } = await callRunlet(['ls'], { cwd: await aFolder() })
    assert.match(stderr, ONE_LINE)
    assert.match(stderr, /nothing says which store to use.*runlet init/)
    assert.equal(code, 2)
  })

  for (const text of [
    '{',
    '[]',
    '{"store":1,"namespace":"main"}',
    '{"store":"file:x","namespace":"main","colour":1}',
  ]) {
    test(`a configuration file that says ${text}, naming it`, async () => {
      const place = await aPlace()
      await writeFile(join(place.folder, 'runlet.config.json'), text)
      const { code, stderr } = await place.runlet(['ls'])
      assert.match(stderr, ONE_LINE)
      assert.match(stderr, /runlet\.config\.json/)
      assert.equal(code, 2)
    })
  }
})

describe('failures', AT_ONCE, () => {
  test('exit 1 with one readable line', async () => {
    const { code, stderr } = await (await aPlace()).runlet(['--namespace', 'other', 'ls'])
    assert.match(stderr, /^runlet: namespace "other" does not exist.* \[ERR_RUNLET_NAMESPACE_NOT_FOUND\]\n$/)
    assert.equal(code, 1)
  })

  test('show their stack with --verbose', async () => {
    const { stderr } = await (await aPlace()).runlet(['--namespace', 'other', 'ls', '--verbose'])
    assert.match(stderr, /^runlet: .*\]\n(.*\n)+ {4}at /)
  })

  test("are told alone: warnings of Node's are shown with --verbose only", async () => {
    const { folder, start } = await aPlace()
    const hook = join(folder, 'hook.cjs')
    await writeFile(hook, `process.once('beforeExit', () => process.emitWarning('upgrade something'))`)
    const env = { NODE_OPTIONS: `--require ${hook}` }
    assert.equal((await start(['ls'], { env }).ended).stderr, '')
    assert.match((await start(['ls', '--verbose'], { env }).ended).stderr, /Warning: upgrade something/)
  })

  test('a stored object that is no JSON is named', async () => {
    const place = await aPlace()
    const files = await readdir(join(place.folder, '.runlet/store'), { recursive: true, withFileTypes: true })
    const heads = files.filter(entry => entry.isFile() && entry.parentPath.includes('head'))
    for (const head of heads) {
      const file = join(head.parentPath, head.name)
      if ((await readFile(file)).length > 0) await writeFile(file, 'not JSON')
    }
    const { code, stderr } = await place.runlet(['ls'])
    assert.match(stderr, ONE_LINE)
    assert.match(stderr, /ERR_RUNLET_CORRUPT_OBJECT/)
    assert.equal(code, 1)
  })
})

describe('in a pipe', AT_ONCE, () => {
  test('a reader that goes away ends the command quietly', async () => {
    const place = await aPlace()
    await place.main.commit(tx => {
      for (let i = 0; i < 5000; i++) tx.put(`${'long/'.repeat(20)}${i}`, 'x')
    })
    const script = `(${RUNLET} ls; echo "exit $?" >&2) | head -1`
    const { stdout, stderr } = await startProgram('sh', ['-c', script], { cwd: place.folder }).ended
    assert.equal(stdout.split('\n').length, 2)
    assert.equal(stderr, 'exit 0\n')
  })

  test('also one of the help, which is gone before it comes', async () => {
    const script = `(sleep 1; ${RUNLET} run --help; echo "exit $?" >&2) | true`
    const { stderr } = await startProgram('sh', ['-c', script]).ended
    assert.equal(stderr, 'exit 0\n')
  })

  test('neither colours nor progress are written', async () => {
    const place = await aPlace()
    const run = await place.main.fork('r1')
    const { stdout, stderr } = await place.runlet(['runs'])
    assert.ok(!stdout.includes('\u001b'))
    assert.deepEqual(await place.runlet(['put', 'a'], { input: 'x' }), { code: 0, stdout: '', stderr: '' })
    assert.equal(stderr, '')
    await run.release()
  })

  test('nothing at all is a value too', async () => {
    const place = await aPlace()
    await place.done(['put', 'empty'], { input: '' })
    assert.equal((await place.main.stat('empty'))?.size, 0)
  })
})
