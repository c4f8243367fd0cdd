// `runlet run --sync`: what the program has in RUNLET_DIR comes into the run while it is at work, so that a killed run keeps it.
import assert from 'node:assert/strict'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { MissingObjectError } from '../../lib/errors.ts'
import {
  AT_ONCE,
  aFolder,
  aPlace,
  contentOf,
  documents,
  type Place,
  RUNLET,
  type Started,
  says,
  startRunlet,
  textAt,
  until,
} from './support.ts'

/** For a shell: waits until it holds, but not for ever. */
const waitFor = (test: string): string => `i=0; until ${test} || [ $i -ge 900 ]; do sleep 0.05; i=$((i+1)); done`

/** Waits until the test lets it go on: it makes the file with `letGo`. */
const PAUSE = (place: Place, name: string) => waitFor(`test -e '${place.folder}/${name}'`)
const letGo = (place: Place, name: string) => writeFile(join(place.folder, name), '')

/** Starts a shell script in run r1 of the place, in the folder of the run, with a round each second. */
const startScript = (place: Place, script: string, ...options: string[]): Started =>
  startRunlet(
    ['run', '--id', 'r1', '--sync', '1s', ...options, '--', 'sh', '-c', `cd "$RUNLET_DIR" && { ${script}; }`],
    {
      cwd: place.folder,
      detached: true,
    },
  )

/** Waits until the run has just that. */
async function runHas(place: Place, started: Started, content: Record<string, string>): Promise<void> {
  const wanted = JSON.stringify(content)
  let seen = ''
  await until(`the run to have ${wanted}`, async () => {
    const run = await place.namespace('main/r1').catch(() => undefined)
    seen = run ? await contentOf(run).then(JSON.stringify, ifHalfForked) : 'no run'
    assert.equal(started.process.exitCode, null, `ended: ${started.said()}`)
    return seen === wanted
  }).catch(error => {
    throw new Error(`${error.message}; it has ${seen}; said: ${started.said()}`)
  })
}

/** A fork puts the head and what it refers to at the same time, before anybody is told of it. */
function ifHalfForked(error: unknown): string {
  if (error instanceof MissingObjectError) return 'half a run'
  throw error
}

/** Kills runlet, its program and all that this started, at once and for good. */
async function killAll(started: Started): Promise<void> {
  process.kill(-(started.process.pid ?? 0), 'SIGKILL')
  assert.equal((await started.ended).code, 'SIGKILL')
}

async function ended(started: Started): Promise<string> {
  const { code, stderr } = await started.ended
  assert.equal(code, 0, stderr)
  return stderr
}

/** What the document of a run says was brought into it. */
function syncedOf(stdout: string): { rounds: number; put: number; deleted: number } {
  const [document] = documents(stdout)
  assert.ok(document?.synced, stdout)
  return document.synced as ReturnType<typeof syncedOf>
}

/** The owner is dead, and so is its lease after a while. */
const foldedInTheEnd = (place: Place) =>
  until('the fold', async () => {
    const { code, stderr } = await place.runlet(['fold', 'r1'])
    assert.ok(code === 0 || code === 75, stderr)
    return code === 0
  })

describe('a killed run', AT_ONCE, () => {
  test('has all that its outbox had at the last round, to be listed and folded', async () => {
    const place = await aPlace()
    const started = startScript(
      place,
      `echo 1 > a; mkdir sub; echo 1 > sub/gone; ${PAUSE(place, 'go')}; echo 2 > a; echo 2 > sub/b; rm sub/gone; sleep 45`,
      '--ttl',
      '6s',
    )
    await runHas(place, started, { a: '1\n', 'sub/gone': '1\n' })
    await letGo(place, 'go')
    await runHas(place, started, { a: '2\n', 'sub/b': '2\n' })
    await killAll(started)
    assert.equal(await place.done(['ls', '--namespace', 'main/r1']), 'a\nsub/b\n')
    assert.deepEqual(await contentOf(place.main), {})
    await foldedInTheEnd(place)
    assert.deepEqual(await contentOf(place.main), { a: '2\n', 'sub/b': '2\n' })
  })

  test('has all that its copy had at the last round, deletions too', async () => {
    const place = await aPlace()
    await place.main.put('a', '0')
    await place.main.put('gone', '0')
    const started = startScript(place, 'echo 1 > a; echo 1 > b; rm gone; sleep 45', '--copy', '--ttl', '6s')
    await runHas(place, started, { a: '1\n', b: '1\n' })
    await killAll(started)
    assert.equal(await place.done(['ls', '--namespace', 'main/r1']), 'a\nb\n')
    await foldedInTheEnd(place)
    assert.deepEqual(await contentOf(place.main), { a: '1\n', b: '1\n' })
  })

  for (const [what, options] of [
    ['an outbox', []],
    ['a copy', ['--copy']],
  ] as const) {
    test(`is gone on with in the folder that it had as ${what}`, async () => {
      const place = await aPlace()
      await place.main.put('kept', '0')
      const own = ['--dir', await aFolder(), '--ttl', '6s', ...options]
      const started = startScript(place, 'echo 1 > a; echo 1 > b; sleep 45', ...own)
      await runHas(place, started, { a: '1\n', b: '1\n', kept: '0' })
      await killAll(started)
      const again = await until('its lease to expire', async () => {
        const next = await startScript(place, 'cat a b; echo 2 > a; echo 2 > c', ...own, '--resume').ended
        return next.code === 75 ? undefined : next
      })
      assert.deepEqual([again.code, again.stdout], [0, '1\n1\n'], again.stderr)
      assert.deepEqual(await contentOf(place.main), { a: '2\n', b: '1\n', c: '2\n', kept: '0' })
    })
  }
})

describe('a round', AT_ONCE, () => {
  test('leaves to the end what was half-written: the parent sees only the whole', async () => {
    const place = await aPlace()
    const started = startScript(place, `printf half > a; ${PAUSE(place, 'go')}; printf ' and half' >> a`)
    await runHas(place, started, { a: 'half' })
    assert.deepEqual(await contentOf(place.main), {})
    await letGo(place, 'go')
    await ended(started)
    assert.deepEqual(await contentOf(place.main), { a: 'half and half' })
  })

  test('puts nothing again that is as it was', async () => {
    const place = await aPlace()
    const script = `echo 1 > a; ${PAUSE(place, 'one')}; echo 1 > b; ${PAUSE(place, 'two')}; echo 1 > c; touch a; ${PAUSE(place, 'three')}`
    const started = startScript(place, script, '--json')
    await runHas(place, started, { a: '1\n' })
    await letGo(place, 'one')
    await runHas(place, started, { a: '1\n', b: '1\n' })
    await letGo(place, 'two')
    await runHas(place, started, { a: '1\n', b: '1\n', c: '1\n' })
    const run = await place.namespace('main/r1')
    const paths: number[] = []
    for await (const { rows } of run.log()) paths.push(rows)
    assert.deepEqual(paths, [1, 1, 1])
    await letGo(place, 'three')
    const { rounds, ...moved } = syncedOf((await started.ended).stdout)
    assert.deepEqual(moved, { put: 3, deleted: 0 })
    assert.ok(rounds >= 3)
  })

  test('takes back what an earlier one put for a file that went, and nothing else', async () => {
    const place = await aPlace()
    await place.main.put('parents', 'of the parent')
    await place.main.put('large', Buffer.alloc(100_000, 'x'))
    await place.main.put('other', 'of the parent')
    const script = `echo 1 > parents; echo 1 > large; echo 1 > mine; echo 1 > past; ${PAUSE(place, 'one')}
      echo 2 | ${RUNLET} put past; ${RUNLET} rm other; rm parents large mine past; ${PAUSE(place, 'two')}`
    const started = startScript(place, script)
    const large = 'x'.repeat(100_000)
    await runHas(place, started, { large: '1\n', mine: '1\n', other: 'of the parent', parents: '1\n', past: '1\n' })
    await letGo(place, 'one')
    await runHas(place, started, { large, parents: 'of the parent', past: '2\n' })
    await letGo(place, 'two')
    await ended(started)
    assert.deepEqual(await contentOf(place.main), { large, parents: 'of the parent', past: '2\n' })
  })

  test('or none: in the end a file stands as the program left it', async () => {
    const place = await aPlace()
    const started = startScript(place, `echo file > a; ${PAUSE(place, 'go')}; echo past | ${RUNLET} put a`)
    await runHas(place, started, { a: 'file\n' })
    await letGo(place, 'go')
    await ended(started)
    assert.equal(await textAt(place.main, 'a'), 'file\n')
  })

  test('that fails is told once, and the next that can brings all', async () => {
    for (const options of [[], ['--copy']]) {
      const place = await aPlace()
      const script = `echo 1 > a; ln -s a link; ${PAUSE(place, 'told')}; rm link; ${PAUSE(place, 'go')}`
      const started = startScript(place, script, ...options)
      await says(started, 'this turn failed')
      await letGo(place, 'told')
      await runHas(place, started, { a: '1\n' })
      await letGo(place, 'go')
      const told = (await ended(started)).match(/^runlet: --sync: this turn failed.*link.*ERR_RUNLET_SYNC_FAILED\]$/gm)
      assert.equal(told?.length, 1)
      assert.deepEqual(await contentOf(place.main), { a: '1\n' })
    }
  })

  test('that finds the store away brings what there is once the store is back', async () => {
    const place = await aPlace()
    const [store, away] = [join(place.folder, '.runlet/store'), join(place.folder, '.runlet/away')]
    const script = `echo 1 > a; ${PAUSE(place, 'away')}; echo 1 > b; ${PAUSE(place, 'go')}`
    const started = startScript(place, script)
    await runHas(place, started, { a: '1\n' })
    await rename(store, away)
    await writeFile(store, 'in the way')
    await letGo(place, 'away')
    await says(started, 'this turn failed')
    await rm(store)
    await rename(away, store)
    await runHas(place, started, { a: '1\n', b: '1\n' })
    await letGo(place, 'go')
    await ended(started)
    assert.deepEqual(await contentOf(place.main), { a: '1\n', b: '1\n' })
  })

  test('that fails for a conflict is told once; the last push decides', async () => {
    const place = await aPlace()
    await place.main.put('a', '0')
    const script = `echo put | ${RUNLET} put a; echo folder > a; ${PAUSE(place, 'told')}; ${RUNLET} pull --ours a`
    const started = startScript(place, script, '--copy')
    await says(started, 'this turn failed')
    await letGo(place, 'told')
    const stderr = await ended(started)
    assert.equal(stderr.match(/this turn failed/g)?.length, 1, stderr)
    assert.deepEqual(await contentOf(place.main), { a: 'folder\n' })
  })

  test('is not spoilt by files and folders that come and go', async () => {
    for (const options of [[], ['--copy']]) {
      const place = await aPlace()
      const script = `const fs = require('fs')
        for (const end = Date.now() + 4500, n = { n: 0 }; Date.now() < end; n.n++) {
          const folder = 'd' + n.n % 7
          fs.mkdirSync(folder, { recursive: true })
          for (let i = 0; i < 5; i++) fs.writeFileSync(folder + '/' + i, 'x'.repeat(n.n % 9000))
          fs.writeFileSync('staged', String(n.n))
          fs.renameSync('staged', 'last')
          fs.rmSync('d' + (n.n + 3) % 7, { recursive: true, force: true })
        }
        for (let i = 0; i < 7; i++) fs.rmSync('d' + i, { recursive: true, force: true })
        fs.writeFileSync('last', 'the end')`
      const file = join(place.folder, 'churn.cjs')
      await writeFile(file, script)
      const started = startScript(place, `'${process.execPath}' '${file}'`, '--json', ...options)
      const { code, stdout, stderr } = await started.ended
      assert.equal(code, 0, stderr)
      assert.doesNotMatch(stderr, /failed/)
      const { rounds } = syncedOf(stdout)
      assert.ok(rounds >= 2, `${rounds} rounds`)
      assert.deepEqual(await contentOf(place.main), { last: 'the end' })
    }
  })

  test('leaves what a copy keeps in the folder out of an outbox', async () => {
    const place = await aPlace()
    const dir = await aFolder()
    await place.done(['run', '--copy', '--dir', dir, '--', 'sh', '-c', 'echo 1 > "$RUNLET_DIR/a"'])
    const started = startScript(place, `echo 2 > a; ${PAUSE(place, 'go')}`, '--dir', dir)
    await runHas(place, started, { a: '2\n' })
    await letGo(place, 'go')
    await ended(started)
    assert.deepEqual(await contentOf(place.main), { a: '2\n' })
    assert.equal(await readFile(join(dir, 'a'), 'utf8'), '2\n')
    await rm(dir, { recursive: true })
  })
})
