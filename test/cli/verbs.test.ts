// The verbs that look at and change a namespace, and those that work on runs by hand, each as a user calls it.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  AT_ONCE,
  aFolder,
  aPlace,
  callRunlet,
  contentOf,
  documents,
  type Place,
  startProgram,
  textAt,
} from './support.ts'

describe('runlet init', AT_ONCE, () => {
  test('writes the configuration, and makes the store and the namespace', async () => {
    const cwd = await aFolder()
    const { code, stdout, stderr } = await callRunlet(['init'], { cwd })
    assert.deepEqual([code, stdout], [0, ''])
    assert.match(stderr, /wrote runlet\.config\.json/)
    const config = JSON.parse(await readFile(join(cwd, 'runlet.config.json'), 'utf8'))
    assert.deepEqual(config, { store: 'file:.runlet/store', namespace: 'main' })
    assert.deepEqual(await callRunlet(['ls'], { cwd }), { code: 0, stdout: '', stderr: '' })
  })

  test('takes the store and the namespace from options; done again it changes nothing', async () => {
    const cwd = await aFolder()
    const args = ['init', '--store', 'file:./s', '--namespace', 'control-plane', '--json']
    const first = await callRunlet(args, { cwd })
    const again = await callRunlet(args, { cwd })
    const about = { config: join(cwd, 'runlet.config.json'), store: 'file:./s', namespace: 'control-plane' }
    assert.deepEqual(JSON.parse(first.stdout), { ...about, created: true })
    assert.deepEqual(JSON.parse(again.stdout), { ...about, created: false })
  })

  test('overwrites other settings only with --force', async () => {
    const { folder, runlet, done } = await aPlace()
    const refused = await runlet(['init', '--namespace', 'other'])
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, /runlet\.config\.json: says namespace "main", not "other".*--force/)
    await done(['init', '--namespace', 'other', '--force'])
    assert.equal(JSON.parse(await readFile(join(folder, 'runlet.config.json'), 'utf8')).namespace, 'other')
  })

  test('writes nothing when the store cannot be made', async () => {
    const cwd = await aFolder()
    await writeFile(join(cwd, 'taken'), '')
    assert.equal((await callRunlet(['init', '--store', 'file:taken/store'], { cwd })).code, 1)
    assert.equal((await callRunlet(['init', '--store', 'memory:'], { cwd })).code, 2)
    assert.deepEqual(await readdir(cwd), ['taken'])
  })

  test('says when git would commit the store, and changes nothing about it', async () => {
    const cwd = await aFolder()
    assert.equal((await startProgram('git', ['init', '-q'], { cwd }).ended).code, 0)
    assert.match((await callRunlet(['init'], { cwd })).stderr, /add "\.runlet\/" to \.gitignore/)
    await writeFile(join(cwd, '.gitignore'), '.runlet/\n')
    assert.doesNotMatch((await callRunlet(['init'], { cwd })).stderr, /gitignore/)
  })
})

describe('runlet put and get', AT_ONCE, () => {
  test('put takes standard input or a file, get gives the value back', async () => {
    const { folder, done } = await aPlace()
    await done(['put', 'a/text'], { input: 'hällo\n' })
    const bytes = randomBytes(300_000)
    await writeFile(join(folder, 'binary'), bytes)
    await done(['put', 'a/binary', 'binary'])
    assert.equal(await done(['get', 'a/text']), 'hällo\n')
    await done(['get', 'a/binary', '-o', 'copy'])
    assert.ok((await readFile(join(folder, 'copy'))).equals(bytes))
    assert.deepEqual((await readdir(folder)).sort(), ['.runlet', 'binary', 'copy', 'runlet.config.json'])
  })

  test('what is written with a message is in the log', async () => {
    const { done, main } = await aPlace()
    const stdout = await done(['put', 'a', '--message', 'why', '--json'], { input: 'x' })
    const [about] = documents(stdout)
    assert.deepEqual(Object.keys(about ?? {}), ['namespace', 'path', 'seq', 'id'])
    assert.equal((await main.log()[Symbol.asyncIterator]().next()).value?.message, 'why')
  })

  test('get --json tells text from bytes', async () => {
    const { done, main } = await aPlace()
    await main.put('text', 'ä')
    await main.put('bytes', new Uint8Array([255, 0]))
    const about = { namespace: 'main', size: 2 }
    assert.deepEqual(JSON.parse(await done(['get', 'text', '--json'])), {
      ...about,
      path: 'text',
      encoding: 'utf8',
      value: 'ä',
    })
    assert.deepEqual(JSON.parse(await done(['get', 'bytes', '--json'])), {
      ...about,
      path: 'bytes',
      encoding: 'base64',
      value: '/wA=',
    })
  })

  test('a path without a value is a failure that names it, and leaves the file alone', async () => {
    const { folder, runlet } = await aPlace()
    await writeFile(join(folder, 'file'), 'before')
    const { code, stdout, stderr } = await runlet(['get', 'nothing', '-o', 'file'])
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /nothing is at "nothing" in "main".*\[ERR_RUNLET_PATH_NOT_FOUND\]/)
    assert.equal(await readFile(join(folder, 'file'), 'utf8'), 'before')
  })

  test('a file that cannot be read or written is named', async () => {
    const { folder, runlet, done } = await aPlace()
    await mkdir(join(folder, 'sub'))
    await done(['put', 'a'], { input: 'x' })
    for (const args of [
      ['put', 'a', 'absent'],
      ['put', 'a', 'sub'],
      ['get', 'a', '-o', 'absent/x'],
      ['get', 'a', '-o', 'sub'],
    ]) {
      const { code, stderr } = await runlet(args)
      assert.equal(code, 1)
      assert.match(stderr, /^runlet: file "(absent|sub|absent\/x)" .*\[ERR_RUNLET_FILE\]\n$/)
    }
    assert.deepEqual((await readdir(folder)).sort(), ['.runlet', 'runlet.config.json', 'sub'])
  })
})

describe('runlet ls, rm and log', AT_ONCE, () => {
  const aFilledPlace = async (): Promise<Place> => {
    const place = await aPlace()
    await place.main.commit(tx => {
      for (const path of ['b/2', 'a', 'b/1', 'c']) tx.put(path, path)
    })
    return place
  }

  test('ls lists paths in order, by prefix, in short, long and JSON', async () => {
    const { done } = await aFilledPlace()
    assert.equal(await done(['ls']), 'a\nb/1\nb/2\nc\n')
    assert.equal(await done(['ls', 'b/']), 'b/1\nb/2\n')
    assert.match(await done(['ls', 'a', '-l']), /^ +1 {2}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ +#1 {2}a\n$/)
    const [first] = documents(await done(['ls', '--json']))
    assert.deepEqual(Object.keys(first ?? {}), ['path', 'size', 'sha256', 'seq', 'author', 'modifiedAt'])
  })

  test('rm removes paths in one commit', async () => {
    const { done, main } = await aFilledPlace()
    const [about] = documents(await done(['rm', 'a', 'b/1', 'a', '--json']))
    assert.deepEqual([about?.removed, about?.seq], [['a', 'b/1'], 2])
    assert.deepEqual(Object.keys(await contentOf(main)), ['b/2', 'c'])
  })

  test('rm removes nothing when a path does not exist, unless forced to', async () => {
    const { runlet, done, main } = await aFilledPlace()
    const { code, stderr } = await runlet(['rm', 'a', 'x', 'y'])
    assert.equal(code, 1)
    assert.match(stderr, /nothing is at "x", "y" in "main"/)
    assert.equal(Object.keys(await contentOf(main)).length, 4)
    await done(['rm', 'a', 'x', '--force'])
    assert.equal(await done(['rm', 'x', '--force', '--json']), '{"namespace":"main","removed":[]}\n')
    assert.deepEqual(Object.keys(await contentOf(main)), ['b/1', 'b/2', 'c'])
  })

  test('log lists the commits, newest first', async () => {
    const { done, main } = await aFilledPlace()
    await main.put('d', '1', { message: 'evil \u001b[31m' })
    const run = await main.fork('r1')
    await run.put('e', '1')
    await run.fold()
    const lines = (await done(['log'])).split('\n')
    assert.match(lines[0] ?? '', /^ +#3 .* 1 rows .* fold of main\/r1$/)
    assert.match(lines[1] ?? '', /^ +#2 .* evil {2}\[31m$/)
    assert.equal(lines.length, 4)
    const newest = documents(await done(['log', '-n', '2', '--json']))
    assert.deepEqual(
      newest.map(({ seq }) => seq),
      [3, 2],
    )
    assert.match(String(newest[0]?.at), /^\d{4}-.*Z$/)
  })
})

describe('runs by hand', AT_ONCE, () => {
  test('fork prints the name, writes go to the run, fold brings them to the parent', async () => {
    const { done, main } = await aPlace()
    const name = (await done(['fork', 'import-7'])).trim()
    assert.equal(name, 'main/import-7')
    await done(['put', 'a', '--namespace', name], { input: 'x' })
    assert.deepEqual(await contentOf(main), {})
    const [run] = documents(await done(['runs', '--json']))
    assert.deepEqual([run?.id, run?.state, run?.commits, run?.owner], ['import-7', 'open', 1, undefined])
    assert.match(await done(['runs']), /^RUN .*\nimport-7 +kept +\d+m?s +main#0 +1 +1 +- +runlet fork\n$/)
    const [fold] = documents(await done(['fold', name, '--message', 'm', '--json']))
    assert.deepEqual([fold?.rows, fold?.seq, fold?.again], [1, 1, false])
    assert.deepEqual(await contentOf(main), { a: 'x' })
    assert.equal(await done(['runs', '--json']), '')
  })

  test('folding a folded run and discarding a discarded one again is done already', async () => {
    const { runlet, done, main } = await aPlace()
    const run = await main.fork('r1')
    await run.put('a', '1')
    await run.fold()
    const again = await runlet(['fold', 'r1'])
    assert.deepEqual([again.code, again.stdout], [0, ''])
    assert.match(again.stderr, /main\/r1 was folded already, seq 1/)
    assert.equal((await runlet(['discard', 'r1'])).code, 1)
    await done(['fork', 'r2'])
    assert.match((await runlet(['discard', 'r2'])).stderr, /discarded main\/r2/)
    assert.match((await runlet(['discard', 'r2'])).stderr, /main\/r2 was discarded already/)
    assert.equal((await runlet(['fold', 'r2'])).code, 1)
  })

  test('a fold that is refused leaves the run for one that says what to do', async () => {
    const { runlet, done, main } = await aPlace()
    await done(['fork', 'r1'])
    await done(['put', 'a', '--namespace', 'main/r1'], { input: 'run' })
    await main.put('a', 'parent')
    const refused = await runlet(['fold', 'r1'])
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /changed by somebody else.*: a\..*\[ERR_RUNLET_CONFLICT\]/)
    await done(['fold', 'r1', '--on-conflict', '*=theirs'])
    assert.equal(await textAt(main, 'a'), 'run')
  })

  test('a run that somebody owns is for later, one that does not exist is a failure', async () => {
    const { runlet, main } = await aPlace()
    const run = await main.fork('r1', { label: 'its owner' })
    for (const verb of ['fold', 'discard']) {
      const { code, stderr } = await runlet([verb, 'r1'])
      assert.equal(code, 75)
      assert.match(stderr, /owned by its owner .*\[ERR_RUNLET_RUN_IN_USE\]/)
    }
    await run.release()
    assert.equal((await runlet(['fold', 'r2'])).code, 1)
    assert.equal((await runlet(['fork', 'r1'])).code, 1)
  })
})

describe('upkeep', AT_ONCE, () => {
  test('locks tells who holds what, and who held it before', async () => {
    const { done, main } = await aPlace()
    await main.lock('deploy', () => {}, { label: 'the first' })
    await main.lock(
      'deploy',
      async () => {
        const [lock] = documents(await done(['locks', '--json']))
        assert.equal(lock?.state, 'held')
        assert.match(
          await done(['locks']),
          /^LOCK .*\n\S*deploy +held .* the second \(.*the first, held \S+, .* ago\n$/,
        )
      },
      { label: 'the second' },
    )
    assert.match(await done(['locks']), /deploy +free/)
  })

  test('sweep says what it would do, does it, and tells what it did', async () => {
    const { done, main } = await aPlace()
    await main.put('a', 'x'.repeat(5_000))
    await done(['sweep'])
    await main.put('a', 'y'.repeat(5_000))
    assert.match(await done(['sweep', '--dry-run']), /^0 objects .*\n1 objects \(4\.9 KiB\) wait/)
    await (await main.fork('left', { onError: 'discard' })).release()
    const [report] = documents(await done(['sweep', '--json']))
    assert.deepEqual(report?.runs, [{ name: `${main.name}/left`, was: 'open', done: 'kept' }])
    assert.deepEqual(report?.waiting, { objects: 1, bytes: 5_000 })
    assert.deepEqual(report?.problems, [])
    assert.match(await done(['sweep', '--keep', '1m']), /left is kept/)
  })

  test('compact merges the layers and changes no value', async () => {
    const { done, main } = await aPlace()
    for (let i = 0; i < 5; i++) await main.put(`p${i}`, String(i))
    const before = await contentOf(main)
    const [about] = documents(await done(['compact', '--json']))
    assert.ok(Number(about?.merged) > 1)
    assert.deepEqual(await contentOf(main), before)
  })
})

test('the configuration is found from a folder below, and its relative store with it', async () => {
  const { folder, done, main } = await aPlace()
  await mkdir(join(folder, 'deep/down'), { recursive: true })
  await done(['put', 'a'], { input: 'x', cwd: join(folder, 'deep/down') })
  assert.deepEqual(await contentOf(main), { a: 'x' })
})

test('a store that cannot be written is one readable line, not a stack', async t => {
  if (process.getuid?.() === 0) return t.skip('root may write everywhere')
  const { folder, runlet } = await aPlace()
  await chmod(join(folder, '.runlet/store'), 0o500)
  const { code, stderr } = await runlet(['put', 'a'], { input: 'x' })
  assert.equal(code, 1)
  assert.match(stderr, /^runlet: .*\n$/)
  await chmod(join(folder, '.runlet/store'), 0o700)
})
