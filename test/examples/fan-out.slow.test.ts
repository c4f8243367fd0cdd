// The fan-out demo as a user runs it: a process of its own, on small git repositories made here, with the built package.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { execa } from 'execa'
import { compare } from '../../examples/fan-out/totals.ts'
import { openStore } from '../../lib/index.ts'
import { ROOT } from '../support/programs.ts'

const DEMO = join(ROOT, 'examples', 'fan-out', 'main.ts')
const GIT = {
  GIT_AUTHOR_NAME: 'Ada Løve/lace',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
}
const THREE_COMMITS = [
  { 'a.js': 'const a = 1\n', 'data/good.json': '{"a": 1}\n' },
  { 'a.js': 'const a = \n', 'data/bad.json': '{"a": }\n', 'words.txt': 'one two\nthree\n' },
  { 'words.txt': 'one two\nthree four\n', 'odd \\ näme%.txt': 'x\n', 'image.bin': '\0\0' },
]

describe('the fan-out demo', () => {
  let home: string
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'runlet-fan-out-test-'))
  })
  after(() => rm(home, { recursive: true, force: true }))

  /** A repository with these commits, oldest first. */
  async function aRepository(name: string, commits: readonly Record<string, string>[]): Promise<string> {
    const folder = join(home, name)
    await mkdir(folder)
    await git(folder, 'init', '--quiet')
    for (const [i, files] of commits.entries()) {
      await mkdir(join(folder, 'data'), { recursive: true })
      for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text)
      await git(folder, 'add', '.')
      await git(folder, 'commit', '--quiet', '-m', `commit ${i + 1}`)
    }
    return folder
  }

  const git = async (folder: string, ...args: string[]) => (await execa('git', args, { cwd: folder, env: GIT })).stdout

  /** Runs the demo; its temporary files lie in a folder of their own, so that what it leaves can be seen. */
  function demo(args: readonly string[], { cwd = ROOT, name = 'store' } = {}) {
    const env = { ...GIT, RUNLET_STORE: storeUrl(name), RUNLET_NAMESPACE: 'ci', TMPDIR: temporary(name) }
    const command = ['--import', import.meta.resolve('tsx'), DEMO, ...args]
    return mkdir(temporary(name), { recursive: true }).then(() => ({
      process: execa(process.execPath, command, { cwd, env, reject: false }),
    }))
  }
  const storeUrl = (name: string) => `file:${join(home, name)}`
  const temporary = (name: string) => join(home, `${name}-tmp`)

  async function assertNothingLeft(repository: string, name: string): Promise<void> {
    assert.equal((await git(repository, 'worktree', 'list')).split('\n').length, 1)
    assert.deepEqual(
      (await readdir(temporary(name))).filter(entry => entry.startsWith('runlet-')),
      [],
    )
  }

  test('folds a run for each worktree, and finds everything in the parent', async () => {
    const repository = await aRepository('three', THREE_COMMITS)
    await writeFile(join(repository, 'a.js'), 'not committed')
    const { process } = await demo(['--runs', '5', repository], { name: 'all' })
    const { exitCode, stdout, stderr } = await process
    assert.equal(stderr, '')
    assert.equal(exitCode, 0)
    assert.match(stdout, /^5 runs, \d+ rows, folded in \d swaps? of the parent's head\.$/m)
    assert.match(stdout, /^lines of the log +20 +20$/m)
    assert.match(stdout, /^All there\.$/m)
    await assertNothingLeft(repository, 'all')
    assert.equal(await git(repository, 'status', '--short'), ' M a.js')

    const store = await openStore(storeUrl('all'))
    const parent = await store.namespace('ci')
    const found = new Map<string, unknown>()
    for await (const { path } of parent.list('runs/')) {
      const [, run = '', ...rest] = path.split('/')
      const text = Buffer.from((await parent.get(path)) ?? []).toString()
      found.set(`${run.slice(-1)} ${rest.join('/')}`, path.endsWith('.json') ? JSON.parse(text) : text)
    }
    // Runs 1 and 4 look at the newest commit, 3 at the oldest.
    assert.deepEqual(found.get('1 words/files/words.txt.json'), { files: 1, lines: 2, words: 4, bytes: 19 })
    assert.deepEqual(found.get('4 words/files/odd%20%5C%20n%C3%A4me%25.txt.json'), {
      files: 1,
      lines: 1,
      words: 1,
      bytes: 2,
    })
    assert.deepEqual(found.get('1 words/extensions/bin.json'), { files: 1, lines: 0, words: 0, bytes: 2 })
    assert.deepEqual(found.get('1 syntax/summary.json'), { checked: 3, failed: 2, skipped: 0 })
    assert.deepEqual(found.get('1 changes/summary.json'), { files: 3, added: 2, removed: 1 })
    assert.deepEqual(found.get('3 syntax/summary.json'), { checked: 2, failed: 0, skipped: 0 })
    assert.deepEqual(found.get('3 history/authors/Ada%20L%C3%B8ve%2Flace.json'), {
      author: 'Ada Løve/lace',
      commits: 1,
    })
    assert.deepEqual(await parent.runs(), [])
    await store.close()
  })

  test('counts on in a store that holds earlier results, from inside a subfolder of a worktree', async () => {
    const repository = await aRepository('again', THREE_COMMITS.slice(0, 1))
    for (const lines of [8, 16]) {
      const { process } = await demo(['--runs', '2'], { cwd: join(repository, 'data'), name: 'again-store' })
      const { exitCode, stdout } = await process
      assert.equal(exitCode, 0)
      assert.match(stdout, new RegExp(`^lines of the log +${lines} +${lines}$`, 'm'))
    }
  })

  test('works on a shallow clone with a detached head', async () => {
    const origin = await aRepository('origin', THREE_COMMITS)
    const clone = join(home, 'clone')
    await git(home, 'clone', '--quiet', '--depth=1', `file://${origin}`, clone)
    await git(clone, 'checkout', '--quiet', '--detach')
    const { process } = await demo(['--runs=3', clone], { name: 'shallow' })
    const { exitCode, stdout } = await process
    assert.equal(exitCode, 0)
    assert.match(stdout, /^All there\.$/m)
    await assertNothingLeft(clone, 'shallow')
  })

  test('removes its worktrees when it is interrupted', async () => {
    const scripts = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`${i}.js`, 'const a = 1\n']))
    const repository = await aRepository('interrupted', [scripts])
    const { process } = await demo(['--runs=4', repository], { name: 'interrupted-store' })
    while (!(await hasWorktrees(repository, 4))) {
      assert.equal(process.exitCode, null, 'ended before it could be interrupted')
      await pause(10)
    }
    process.kill('SIGINT')
    const { exitCode, stderr, stdout } = await process
    assert.equal(exitCode, 130)
    assert.match(stderr, /^Interrupted\./)
    assert.doesNotMatch(stdout, /All there/)
    await assertNothingLeft(repository, 'interrupted-store')
  })

  async function hasWorktrees(repository: string, count: number): Promise<boolean> {
    return (await readdir(join(repository, '.git', 'worktrees')).catch(() => [])).length === count
  }

  test('says so when there is no repository, or no commit in it', async () => {
    await mkdir(join(home, 'plain'))
    await aRepository('empty', [])
    for (const [folder, message] of [
      ['plain', /not a git repository/],
      ['empty', /has no commits yet/],
      ['nowhere', /cannot be started|does not exist/],
    ] as const) {
      const { process } = await demo([join(home, folder)], { name: 'none' })
      const { exitCode, stderr, stdout } = await process
      assert.deepEqual({ exitCode, stdout }, { exitCode: 1, stdout: '' })
      assert.match(stderr, message)
      assert.equal(stderr.trim().split('\n').length, 1)
    }
  })

  test('exits 2 when it is called wrongly', async () => {
    for (const args of [['--runs', '0'], ['--runs=many'], ['--nonsense'], ['a', 'b']]) {
      const { process } = await demo(args)
      const { exitCode, stderr } = await process
      assert.equal(exitCode, 2)
      assert.match(stderr, /Usage: npm run demo/)
    }
  })

  test('finds what is missing, different, foreign or doubled', () => {
    const written = (sha256: string) => ({ size: 1, sha256 })
    const account = {
      run: 'r',
      files: new Map([
        ['a', written('1')],
        ['b', written('2')],
        ['c', written('3')],
      ]),
      lines: ['one', 'two'],
    }
    const found = {
      files: new Map([
        ['a', written('1')],
        ['b', written('9')],
        ['d', written('4')],
      ]),
      log: ['before', 'two', 'two'],
    }
    assert.deepEqual(compare([account], found, ['before']).problems, [
      'b is not what was written',
      'c is missing',
      'd was written by nobody',
      'log/fan-out.txt: a line is missing: one',
      'log/fan-out.txt: a line is there too often: two',
    ])
  })
})
