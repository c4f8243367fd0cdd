// `runlet run --copy`: RUNLET_DIR as a working copy of the run.
import assert from 'node:assert/strict'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { AT_ONCE, aFolder, aPlace, contentOf, documents, type Place, RUNLET, textAt } from './support.ts'

/** Runs a shell script in a run of the place, in the folder of the run. */
const runScript = (place: Place, script: string, ...options: string[]) =>
  place.runlet(['run', '--copy', ...options, '--', 'sh', '-c', `cd "$RUNLET_DIR" && { ${script}; }`])

/** Runs it and expects that it is folded; resolves to what it wrote to stdout. */
async function folded(place: Place, script: string, ...options: string[]): Promise<string> {
  const { code, stdout, stderr } = await runScript(place, script, ...options)
  assert.equal(code, 0, stderr)
  return stdout
}

const runsOf = async ({ main }: Place) => (await main.runs()).map(({ id, state, owner }) => ({ id, state, owner }))

async function aPlaceWith(content: Record<string, string>): Promise<Place> {
  const place = await aPlace()
  await place.main.commit(tx => {
    for (const [path, value] of Object.entries(content)) tx.put(path, value)
  })
  return place
}

/** As another run or worktree would. */
const byOthers = (place: Place, content: Record<string, string | undefined>) =>
  place.main.commit(tx => {
    for (const [path, value] of Object.entries(content)) value === undefined ? tx.delete(path) : tx.put(path, value)
  })

describe('a copy', AT_ONCE, () => {
  test('has what the parent has; what is added, changed and deleted in it is folded', async () => {
    const place = await aPlaceWith({ same: '0', 'sub/changed': '0', 'sub/gone': '0' })
    const script = 'pwd; cat same sub/changed sub/gone; echo 1 > sub/changed; echo 1 > sub/new; rm sub/gone'
    const stdout = await folded(place, script)
    const [folder = '', content] = stdout.split('\n')
    assert.equal(content, '000')
    assert.deepEqual(await contentOf(place.main), { same: '0', 'sub/changed': '1\n', 'sub/new': '1\n' })
    await assert.rejects(stat(folder), { code: 'ENOENT' })
  })

  test('is of one run at a time: another one with the same folder is told to come later, and nothing of it is left', async () => {
    const place = await aPlaceWith({ a: '0' })
    const dir = await aFolder()
    const first = runScript(place, 'touch begun; while [ ! -e go ]; do sleep 0.1; done; echo 1 > mine', '--dir', dir)
    while (!(await readdir(dir)).includes('begun')) await sleep(50)
    const second = await runScript(place, 'echo 2 > theirs', '--dir', dir)
    assert.equal(second.code, 75, second.stderr)
    assert.match(second.stderr, /is held by/)
    await writeFile(join(dir, 'go'), '')
    assert.equal((await first).code, 0)
    assert.deepEqual(await contentOf(place.main), { a: '0', begun: '', go: '', mine: '1\n' })
    assert.deepEqual(await runsOf(place), [])
  })

  test('that changed nothing folds nothing', async () => {
    const place = await aPlaceWith({ a: '0' })
    const { stderr } = await runScript(place, ':')
    assert.match(stderr, /changed nothing/)
    assert.deepEqual(await contentOf(place.main), { a: '0' })
  })

  test('keeps the executable bit, from one run to the next', async () => {
    const place = await aPlaceWith({ plain: '0' })
    await folded(place, `echo 'echo it runs' > tool; chmod +x tool`)
    assert.equal(await folded(place, './tool; test -x plain || echo not this'), 'it runs\nnot this\n')
    await folded(place, 'chmod -x tool')
    assert.equal(await folded(place, 'test -x tool || echo no more'), 'no more\n')
  })

  test('of a prefix has only what lies below it, at its path', async () => {
    const place = await aPlaceWith({ 'in/a': '0', 'in/deep/b': '0', out: '0', 'in-between': '0' })
    const args = ['run', '--prefix', 'in/', '--', 'sh', '-c', 'cd "$RUNLET_DIR"; ls -R; rm in/a; echo 1 > in/c']
    assert.equal(await place.done(args), '.:\nin\n\n./in:\na\ndeep\n\n./in/deep:\nb\n')
    assert.deepEqual(await contentOf(place.main), { 'in/c': '1\n', 'in/deep/b': '0', 'in-between': '0', out: '0' })
  })

  test('of a prefix tells of files outside of it, and leaves them', async () => {
    const place = await aPlace()
    const { code, stderr } = await runScript(place, 'mkdir in x; echo 1 > in/a; echo 2 > x/b', '--prefix', 'in/')
    assert.equal(code, 0)
    assert.deepEqual(await contentOf(place.main), { 'in/a': '1\n' })
    const left = /not in the run, but left in (.*): x\/b\n/.exec(stderr)?.[1] ?? ''
    assert.equal(await readFile(join(left, 'x/b'), 'utf8'), '2\n')
    await rm(left, { recursive: true })
  })

  test('serves one run after the other, whatever others do in between', async () => {
    const place = await aPlaceWith({ a: '0', b: '0', c: '0' })
    const dir = await aFolder()
    assert.equal(await folded(place, 'cat a b c; echo 1 > a; echo 1 > new', '--dir', dir), '000')
    await byOthers(place, { b: 'other', c: undefined, 'by/others': 'x' })
    assert.equal(
      await folded(place, 'cat a b new by/others; ls; rm new; echo 2 > a', '--dir', dir),
      '1\nother1\nxa\nb\nby\nnew\n',
    )
    await byOthers(place, { a: 'other', 'by/others': undefined, new: 'again' })
    assert.equal(await folded(place, 'cat a b new; ls; echo 3 > b', '--dir', dir), 'otherotheragaina\nb\nnew\n')
    assert.deepEqual(await contentOf(place.main), { a: 'other', b: '3\n', new: 'again' })
  })

  test('serves one run after the other of the same id too, and of a prefix', async () => {
    const place = await aPlaceWith({ 'in/a': '0', out: '0' })
    const options = ['--dir', await aFolder(), '--id', 'nightly', '--prefix', 'in/']
    for (const [had, now] of [
      ['0', '1'],
      ['1', '2'],
      ['2', '3'],
    ]) {
      assert.equal(await folded(place, `cat in/a; printf ${now} > in/a`, ...options), had)
    }
    assert.deepEqual(await contentOf(place.main), { 'in/a': '3', out: '0' })
  })

  test('that an earlier run was killed over hands on what that one had changed', async () => {
    const place = await aPlaceWith({ a: '0' })
    const dir = await aFolder()
    await folded(place, ':', '--dir', dir)
    await writeFile(join(dir, 'a'), 'left over')
    assert.equal(await folded(place, 'cat a', '--dir', dir), 'left over')
    assert.equal(await textAt(place.main, 'a'), 'left over')
  })

  test('is what pull, push and status inside work on', async () => {
    const place = await aPlaceWith({ 'in/a': '0' })
    const script = `echo 1 > in/b; ${RUNLET} status; ${RUNLET} push; ${RUNLET} ls; echo 2 | ${RUNLET} put in/c; ${RUNLET} pull; cat in/c`
    assert.equal(await folded(place, script, '--prefix', 'in/'), 'A in/b\nin/a\nin/b\n2\n')
    assert.deepEqual(await contentOf(place.main), { 'in/a': '0', 'in/b': '1\n', 'in/c': '2\n' })
  })

  test('does not remove what the program put into the run past it', async () => {
    const place = await aPlaceWith({ a: '0' })
    await folded(place, `echo 1 > b; echo 1 | ${RUNLET} put c; ${RUNLET} rm a`)
    assert.deepEqual(await contentOf(place.main), { b: '1\n', c: '1\n' })
  })
})

describe('a copy of a run that fails', AT_ONCE, () => {
  test('is pushed before the run is kept or folded, and not when it is discarded', async () => {
    const place = await aPlaceWith({ a: '0' })
    const script = 'echo 1 > a; exit 7'
    const dir = await aFolder()
    assert.equal((await runScript(place, script, '--on-error', 'discard', '--dir', dir)).code, 7)
    assert.deepEqual([await runsOf(place), await contentOf(place.main)], [[], { a: '0' }])
    await rm(dir, { recursive: true })
    assert.equal((await runScript(place, script, '--id', 'r1', '--dir', dir)).code, 7)
    assert.deepEqual(await contentOf(place.main), { a: '0' })
    assert.deepEqual(await contentOf(await place.namespace('main/r1')), { a: '1\n' })
    await place.done(['fold', 'r1'])
    assert.deepEqual(await contentOf(place.main), { a: '1\n' })
    assert.equal((await runScript(place, 'rm a; exit 7', '--on-error', 'fold')).code, 7)
    assert.deepEqual(await contentOf(place.main), {})
  })

  test('is gone on with by --resume', async () => {
    const place = await aPlaceWith({ a: '0' })
    const options = ['--id', 'r1', '--resume', '--dir', await aFolder()]
    assert.equal((await runScript(place, 'echo 1 > a; echo 1 > b; exit 3', ...options)).code, 3)
    assert.equal(await folded(place, 'cat a b; rm b', ...options), '1\n1\n')
    assert.deepEqual(await contentOf(place.main), { a: '1\n' })
  })
})

describe('a conflict', AT_ONCE, () => {
  test('between the copy and the run keeps both, and says how to settle it', async () => {
    const place = await aPlaceWith({ a: '0' })
    const script = `echo folder > a; echo more > b; echo put | ${RUNLET} put a`
    const { code, stdout, stderr } = await runScript(place, script, '--id', 'r1', '--json')
    assert.equal(code, 1)
    assert.match(stderr, /a path was changed .* in "main\/r1" .*: a\..* \[ERR_RUNLET_CONFLICT\]/)
    assert.match(stderr, /kept as run main\/r1/)
    assert.equal(documents(stdout)[0]?.outcome, 'kept')
    const left = /what the program left is in (.*)\n/.exec(stderr)?.[1] ?? ''
    assert.equal(await readFile(join(left, 'a'), 'utf8'), 'folder\n')
    assert.deepEqual(await contentOf(place.main), { a: '0' })
    assert.deepEqual(await runsOf(place), [{ id: 'r1', state: 'open', owner: undefined }])
    // The very commands of the message, with a side and a path chosen.
    const told = /settle each path in conflict: runlet (.*); then runlet (.*); runlet (.*)\n/.exec(stderr) ?? []
    for (const command of told.slice(1)) {
      await place.done(command.replace('--ours|--theirs PATH', '--ours a').split(' '))
    }
    assert.deepEqual(await contentOf(place.main), { a: 'folder\n', b: 'more\n' })
    await rm(left, { recursive: true })
  })

  test('of what was left over with the parent starts nothing, until it is settled', async () => {
    const place = await aPlaceWith({ a: '0' })
    const dir = await aFolder()
    await folded(place, ':', '--dir', dir)
    await writeFile(join(dir, 'a'), 'left over')
    await byOthers(place, { a: 'other' })
    const refused = await runScript(place, 'echo started', '--dir', dir, '--id', 'r1')
    assert.deepEqual([refused.code, refused.stdout], [1, ''])
    const told = /settle each path in conflict: runlet (.*); then runlet (.*)\n/.exec(refused.stderr) ?? []
    const [settle = '', again = ''] = told.slice(1)
    await place.done(settle.replace('--ours|--theirs PATH', '--theirs a').split(' '))
    assert.equal(await place.done([...again.split(' '), '--', 'sh', '-c', 'cat "$RUNLET_DIR/a"']), 'other')
    assert.deepEqual(await contentOf(place.main), { a: 'other' })
  })

  test('of the run with its parent is one of the fold', async () => {
    const place = await aPlaceWith({ a: '0' })
    const script = `echo run > a; echo parent | env -u RUNLET_STORE -u RUNLET_NAMESPACE ${RUNLET} --store file:${place.folder}/.runlet/store --namespace main put a`
    const { code, stderr } = await runScript(place, script, '--id', 'r1')
    assert.deepEqual([code, /ERR_RUNLET_CONFLICT/.test(stderr)], [1, true], stderr)
    assert.equal((await runScript(place, script, '--on-conflict', 'theirs')).code, 0)
    assert.equal(await textAt(place.main, 'a'), 'run\n')
  })
})

describe('before anything is written', AT_ONCE, () => {
  const WRONG: [what: string, options: string[], says: RegExp][] = [
    ['an empty prefix', ['--prefix', ''], /--prefix: is empty/],
    ['a prefix that leads out', ['--prefix', '../x'], /path "\.\.\/x" has a "\.\." segment/],
    ['a duration that is none', ['--sync', 'often'], /--sync: "often" is no duration/],
    ['too short a duration', ['--sync', '999ms'], /--sync: 999ms is out of range. Use 1s to 1h/],
    ['too long a duration', ['--sync', '61m'], /--sync: 61m is out of range/],
    ['a folder that holds the store', ['--dir', '.'], /--dir: the store lies inside/],
  ]
  for (const [what, options, says] of WRONG) {
    test(`${what} is refused`, async () => {
      const place = await aPlace()
      const { code, stdout, stderr } = await runScript(place, 'echo started', ...options)
      assert.deepEqual([code, stdout], [2, ''])
      assert.match(stderr, says)
      assert.deepEqual(await runsOf(place), [])
    })
  }

  test('a copy from another store, or of other paths, is refused', async () => {
    const [place, other] = [await aPlaceWith({ 'in/a': '0' }), await aPlaceWith({ 'in/a': '0' })]
    const dir = await aFolder()
    await folded(other, ':', '--dir', dir, '--id', 'r1')
    const refusals = [
      await runScript(place, 'echo started', '--dir', dir, '--id', 'r1'),
      await runScript(other, 'echo started', '--dir', dir, '--prefix', 'in/'),
    ]
    for (const { code, stdout, stderr } of refusals) {
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(stderr, /ERR_RUNLET_COPY_MISMATCH/)
    }
    assert.deepEqual([await runsOf(place), await runsOf(other)], [[], []])
    assert.deepEqual([await readdir(dir), await readFile(join(dir, 'in/a'), 'utf8')], [['.runlet', 'in'], '0'])
  })
})

describe('a copy that cannot be made', AT_ONCE, () => {
  test('starts nothing and leaves no run', async () => {
    const place = await aPlaceWith({ a: 'a file', 'a/b': 'and a folder' })
    const { code, stdout, stderr } = await runScript(place, 'echo started')
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /ERR_RUNLET_PATH_COLLISION/)
    assert.deepEqual(await runsOf(place), [])
  })
})
