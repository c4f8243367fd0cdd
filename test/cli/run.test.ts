// `runlet run`: what the program gets, what becomes of what it leaves, and the exit code, for each way that it can end.
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { AT_ONCE, aPlace, contentOf, documents, LIBRARY, type Place, RUNLET, textAt } from './support.ts'

/** Runs a shell script in a run of the place. */
const runScript = (place: Place, script: string, options: readonly string[] = []) =>
  place.runlet(['run', ...options, '--', 'sh', '-c', script])

const runsOf = async ({ main }: Place) =>
  (await main.runs()).map(({ id, state, commits, owner }) => ({ id, state, commits, owner }))

describe('the program', AT_ONCE, () => {
  test('is told its store, its run and its folder', async () => {
    const place = await aPlace()
    const { code, stdout } = await runScript(place, 'env | grep ^RUNLET_; ls -A "$RUNLET_DIR"', ['--id', 'r1'])
    assert.equal(code, 0)
    const told = Object.fromEntries(
      stdout
        .split('\n')
        .filter(Boolean)
        .map(line => line.split('=')),
    )
    const { RUNLET_DIR, ...rest } = told
    assert.match(RUNLET_DIR, /^\/.*runlet-r1-/)
    assert.deepEqual(rest, {
      RUNLET_STORE: `file:${place.folder}/.runlet/store`,
      RUNLET_NAMESPACE: 'main/r1',
      RUNLET_RUN_ID: 'r1',
      RUNLET_OWNER_TOKEN: '1',
    })
  })

  test('has the input, the output and the arguments of the command, options of its own included', async () => {
    const place = await aPlace()
    const script = 'process.stdin.pipe(process.stdout); console.error(process.argv.slice(1).join())'
    const args = ['run', '--', process.execPath, '-e', script, '--', '--json', '-x', '--']
    const { stdout, stderr } = await place.runlet(args, { input: 'in' })
    assert.equal(stdout, 'in')
    assert.match(stderr, /^--json,-x,--\n/)
  })

  test('writes to the run with runlet put, which the parent sees only once it is folded', async () => {
    const place = await aPlace()
    const outside = `env -u RUNLET_STORE -u RUNLET_NAMESPACE ${RUNLET}`
    const script = `echo 1 | ${RUNLET} put a && ${RUNLET} ls && echo -- && ${outside} ls`
    const { code, stdout, stderr } = await runScript(place, script)
    assert.deepEqual([code, stdout], [0, 'a\n--\n'])
    assert.match(stderr, /^runlet: folded main\/sh-\S+ into main: 1 row, seq 1, waited \d+ ms\n$/)
    assert.deepEqual(await contentOf(place.main), { a: '1\n' })
  })

  test('finds its run through the library too, as the parent of runs of its own', async () => {
    const place = await aPlace()
    const script = `import(${JSON.stringify(LIBRARY)}).then(({ withRunNamespace }) => withRunNamespace('inner', run => run.put('who', run.name)))`
    const { code, stderr } = await place.runlet(['run', '--id', 'outer', '--', process.execPath, '-e', script])
    assert.equal(code, 0, stderr)
    assert.deepEqual(await contentOf(place.main), { who: 'main/outer/inner' })
  })

  test('can run a program in a run of its own run', async () => {
    const place = await aPlace()
    const { code } = await runScript(
      place,
      `${RUNLET} run --id inner -- sh -c 'echo $RUNLET_NAMESPACE > "$RUNLET_DIR/inner"'`,
      ['--id', 'outer'],
    )
    assert.equal(code, 0)
    assert.deepEqual(await contentOf(place.main), { inner: 'main/outer/inner\n' })
  })
})

describe('the folder of the run', AT_ONCE, () => {
  test('is folded with all its files in one commit, and removed', async () => {
    const place = await aPlace()
    const script = `cd "$RUNLET_DIR"; pwd; mkdir -p x/y empty; echo 1 > a; echo 2 > x/y/b; head -c 200000 /dev/zero > x/large; : > none`
    const { code, stdout } = await runScript(place, script)
    assert.equal(code, 0)
    const paths: string[] = []
    for await (const { path, size } of place.main.list()) paths.push(`${path} ${size}`)
    assert.deepEqual(paths, ['a 2', 'none 0', 'x/large 200000', 'x/y/b 2'])
    await assert.rejects(readdir(stdout.trim()), { code: 'ENOENT' })
  })

  test('holds hundreds of files', async () => {
    const place = await aPlace()
    const script = `cd "$RUNLET_DIR"; i=0; while [ $i -lt 300 ]; do echo $i > f$i; i=$((i+1)); done`
    const { stdout } = await runScript(place, script, ['--json'])
    assert.equal(documents(stdout)[0]?.rows, 300)
    assert.equal(await textAt(place.main, 'f299'), '299\n')
  })

  test('of the user is made, used and left alone, with the files that were there before', async () => {
    const place = await aPlace()
    await mkdir(join(place.folder, 'out'))
    await writeFile(join(place.folder, 'out/before'), 'b')
    const { code } = await runScript(place, 'echo 1 > "$RUNLET_DIR/a"', ['--dir', 'out'])
    assert.equal(code, 0)
    assert.deepEqual(await contentOf(place.main), { a: '1\n', before: 'b' })
    assert.deepEqual((await readdir(join(place.folder, 'out'))).sort(), ['a', 'before'])
    assert.equal((await runScript(place, ':', ['--dir', 'deep/new'])).code, 0)
    assert.deepEqual(await readdir(join(place.folder, 'deep/new')), [])
  })

  test('what is the same as in the parent is not put again', async () => {
    const place = await aPlace()
    await place.main.commit(tx => {
      tx.put('same', 'same')
      tx.put('other', 'abc')
      tx.put('longer', 'abc')
    })
    const script = 'cd "$RUNLET_DIR"; printf same > same; printf xyz > other; printf abcd > longer'
    const { stdout } = await runScript(place, script, ['--json'])
    assert.equal(documents(stdout)[0]?.rows, 2)
    assert.equal((await place.main.stat('same'))?.seq, 1)
    assert.match((await runScript(place, 'printf same > "$RUNLET_DIR/same"')).stderr, /changed nothing/)
  })

  const REFUSED: [what: string, script: string, says: RegExp][] = [
    ['a symbolic link', 'ln -s a "$RUNLET_DIR/sub/link"', /sub\/link" is a symbolic link/],
    ['a pipe', 'mkfifo "$RUNLET_DIR/sub/fifo"', /sub\/fifo" is a pipe/],
    ['a name with a backslash', ': > "$RUNLET_DIR/sub/a\\\\b"', /sub\/a.*has a backslash/],
    ['a name that is not UTF-8', ': > "$RUNLET_DIR/sub/$(printf \'\\377\')"', /has a name that is not UTF-8/],
  ]
  for (const [what, script, expected] of REFUSED) {
    test(`with ${what} is refused, naming it; the run and the files are kept`, async () => {
      const place = await aPlace()
      const ended = await runScript(place, `mkdir "$RUNLET_DIR/sub"; echo 1 > "$RUNLET_DIR/a"; ${script}`, [
        '--id',
        'r1',
      ])
      assert.equal(ended.code, 1)
      assert.match(ended.stderr, expected)
      assert.match(ended.stderr, /\[ERR_RUNLET_FILE\]/)
      assert.deepEqual(await contentOf(place.main), {})
      assert.deepEqual(await runsOf(place), [{ id: 'r1', state: 'open', commits: 0, owner: undefined }])
      const left = /what the program left is in (.*)\n/.exec(ended.stderr)?.[1] ?? ''
      assert.equal(await readFile(join(left, 'a'), 'utf8'), '1\n')
      await rm(left, { recursive: true })
    })
  }

  test('must not hold the store itself', async () => {
    const { code, stderr } = await runScript(await aPlace(), ':', ['--dir', '.'])
    assert.equal(code, 2)
    assert.match(stderr, /--dir: the store lies inside/)
  })
})

describe('a program that fails', AT_ONCE, () => {
  const FAILS = `echo 1 > "$RUNLET_DIR/a"; exit 7`

  test('has its run kept, with what it left, and its exit code passed on', async () => {
    const place = await aPlace()
    const { code, stdout, stderr } = await runScript(place, FAILS, ['--id', 'r1'])
    assert.deepEqual([code, stdout], [7, ''])
    assert.match(stderr, /kept as run main\/r1: runlet fold r1 \| runlet discard r1\n/)
    assert.deepEqual(await contentOf(place.main), {})
    await place.done(['fold', 'r1'])
    assert.deepEqual(await contentOf(place.main), { a: '1\n' })
    const left = /what the program left is in (.*)\n/.exec(stderr)?.[1] ?? ''
    assert.deepEqual(await readdir(left), ['a'])
    await rm(left, { recursive: true })
  })

  test('has its run discarded, or folded, as chosen', async () => {
    const place = await aPlace()
    const discarded = await runScript(place, FAILS, ['--on-error', 'discard', '--json'])
    assert.deepEqual([discarded.code, documents(discarded.stdout)[0]?.outcome], [7, 'discarded'])
    assert.deepEqual(await contentOf(place.main), {})
    const folded = await runScript(place, FAILS, ['--on-error', 'fold', '--json'])
    assert.deepEqual([folded.code, documents(folded.stdout)[0]?.outcome], [7, 'folded'])
    assert.deepEqual(await contentOf(place.main), { a: '1\n' })
    assert.deepEqual(await runsOf(place), [])
  })

  test('by a signal exits with 128 and its number', async () => {
    assert.equal((await runScript(await aPlace(), 'kill -KILL $$')).code, 137)
  })

  test('to start leaves no run: 127 when it does not exist, 126 when it cannot be executed', async () => {
    const place = await aPlace()
    const absent = await place.runlet(['run', '--', 'no-such-program'])
    assert.equal(absent.code, 127)
    assert.match(absent.stderr, /^runlet: program "no-such-program" was not found.*\n$/)
    assert.equal((await place.runlet(['run', '--', './runlet.config.json'])).code, 126)
    assert.deepEqual(await runsOf(place), [])
  })
})

describe('the fold', AT_ONCE, () => {
  const conflict = `echo run > "$RUNLET_DIR/a"; echo parent | env -u RUNLET_STORE -u RUNLET_NAMESPACE ${RUNLET} put a`

  test('that is refused keeps the run, and exits 1', async () => {
    const place = await aPlace()
    const { code, stderr } = await runScript(place, conflict, ['--id', 'r1'])
    assert.equal(code, 1)
    assert.match(stderr, /ERR_RUNLET_CONFLICT/)
    assert.match(stderr, /kept as run main\/r1/)
    await place.done(['fold', 'r1', '--on-conflict', 'union-lines'])
    assert.equal(await textAt(place.main, 'a'), 'parent\nrun\n')
  })

  test('follows the policies of the option, else of the configuration', async () => {
    const place = await aPlace()
    assert.equal((await runScript(place, conflict, ['--on-conflict', 'b=ours', '--on-conflict', 'a=ours'])).code, 0)
    assert.equal(await textAt(place.main, 'a'), 'parent\n')
    const config = { store: 'file:.runlet/store', namespace: 'main', onConflict: { '*': 'theirs' } }
    await writeFile(join(place.folder, 'runlet.config.json'), JSON.stringify(config))
    assert.equal((await runScript(place, conflict)).code, 0)
    assert.equal(await textAt(place.main, 'a'), 'run\n')
  })

  test('is told in JSON, after what the program wrote', async () => {
    const place = await aPlace()
    const { stdout, stderr } = await runScript(place, 'echo 1 > "$RUNLET_DIR/a"; echo out', [
      '--id',
      'r1',
      '--json',
      '--quiet',
    ])
    const [out, json = ''] = stdout.split('\n')
    assert.deepEqual([out, stderr], ['out', ''])
    const { waitedMs, heldMs, requests, ...about } = JSON.parse(json)
    assert.deepEqual(about, {
      run: 'main/r1',
      id: 'r1',
      parent: 'main',
      exitCode: 0,
      outcome: 'folded',
      rows: 1,
      seq: 1,
      batchSize: 1,
    })
    assert.ok(waitedMs >= 0 && heldMs >= 0 && requests > 0)
  })
})

describe('a run id', AT_ONCE, () => {
  test('that is taken is not used again, and nothing is started', async () => {
    const place = await aPlace()
    const run = await place.main.fork('r1', { label: 'its owner' })
    const busy = await runScript(place, 'echo started', ['--id', 'r1'])
    assert.deepEqual([busy.code, busy.stdout], [75, ''])
    await run.release()
    const kept = await runScript(place, 'echo started', ['--id', 'r1'])
    assert.deepEqual([kept.code, kept.stdout], [1, ''])
  })

  test('is gone on with by --resume, or begun when there is none', async () => {
    const place = await aPlace()
    const resume = ['--id', 'r1', '--resume']
    assert.equal((await runScript(place, `echo 1 | ${RUNLET} put a; exit 3`, resume)).code, 3)
    assert.equal((await runScript(place, `${RUNLET} get a && echo 2 | ${RUNLET} put b`, resume)).stdout, '1\n')
    assert.deepEqual(await contentOf(place.main), { a: '1\n', b: '2\n' })
    assert.equal((await runScript(place, `echo 3 | ${RUNLET} put c`, resume)).code, 0)
    assert.equal(await textAt(place.main, 'c'), '3\n')
  })

  test('is shown with its label while it runs; what follows an option of the program stays secret', async () => {
    const place = await aPlace()
    const listed = `${RUNLET} --namespace main runs --json`
    const { stdout } = await place.runlet(['run', '--', 'env', 'A=1', 'sh', '-c', listed, '--password=secret'])
    assert.equal(documents(stdout)[0]?.label, 'env A=1 sh')
    const named = await place.runlet(['run', '--label', 'nightly', '--', 'sh', '-c', listed])
    assert.equal(documents(named.stdout)[0]?.label, 'nightly')
  })
})
