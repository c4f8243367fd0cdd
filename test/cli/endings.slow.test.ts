// `runlet run` between processes: signals, time-outs, singletons, owners that die or sleep. Programs are small scripts that say
// when they are ready; nothing is timed.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import type { NamespaceName } from '../../lib/names.ts'
import { leaseKey } from '../../lib/namespace/keys.ts'
import { openObjectStore } from '../../lib/store/open.ts'
import {
  AT_ONCE,
  aPlace,
  contentOf,
  documents,
  type Place,
  RUNLET,
  type Started,
  says,
  startRunlet,
  until,
} from './support.ts'

/** A test that fails leaves none behind: the program ends soon after the `runlet` that started it. */
const FOR_EVER = 'const parent = process.ppid; setInterval(() => process.ppid !== parent && process.exit(), 500)'

/** Runs a program in Node: it says READY, and goes on until it is ended. */
function startForEver(place: Place, options: readonly string[], script = '', detached = false): Started {
  const program = `${script}; ${FOR_EVER}; console.log('READY')`
  return startRunlet(['run', '--id', 'r1', ...options, '--', process.execPath, '-e', program], {
    cwd: place.folder,
    detached,
  })
}

/** For a shell: waits until a file is there, but not for ever. */
const untilThere = (file: string): string =>
  `i=0; until test -e ${file} || test $i -ge 900; do sleep 0.05; i=$((i+1)); done`

const ON_INT = `let n = 0; process.on('SIGINT', () => console.log('INT', ++n))`

describe('a signal', AT_ONCE, () => {
  test('to runlet alone reaches the program; the run is kept, the exit code is that of the signal', async () => {
    for (const [signal, code] of [
      ['SIGTERM', 143],
      ['SIGINT', 130],
      ['SIGHUP', 129],
    ] as const) {
      const place = await aPlace()
      const started = startForEver(place, [])
      await says(started, 'READY')
      started.process.kill(signal)
      const ended = await started.ended
      assert.equal(ended.code, code)
      assert.match(ended.stderr, /kept as run main\/r1/)
      assert.equal((await place.main.runs())[0]?.owner, undefined)
    }
  })

  test('that the program handles is its own affair: it may end well, and is folded', async () => {
    const place = await aPlace()
    const script = `process.on('SIGTERM', () => { require('fs').writeFileSync(process.env.RUNLET_DIR + '/a', 'x'); process.exit(0) })`
    const started = startForEver(place, [], script)
    await says(started, 'READY')
    started.process.kill('SIGTERM')
    assert.equal((await started.ended).code, 0)
    assert.deepEqual(await contentOf(place.main), { a: 'x' })
  })

  test('to the whole group, as Ctrl-C sends it, reaches the program once', async () => {
    const place = await aPlace()
    const script = `${ON_INT}; process.on('SIGTERM', () => { console.log('total', n); process.exit(0) })`
    const started = startForEver(place, [], script, true)
    await says(started, 'READY')
    process.kill(-(started.process.pid ?? 0), 'SIGINT')
    await says(started, 'INT 1')
    // Signals are handed on in order: had the first been handed on too, it would be counted by now.
    started.process.kill('SIGTERM')
    assert.match((await started.ended).stdout, /total 1\n/)
  })

  test('SIGINT for the second time kills a program that goes on', async () => {
    const place = await aPlace()
    const started = startForEver(place, ['--on-error', 'discard'], ON_INT)
    await says(started, 'READY')
    started.process.kill('SIGINT')
    await says(started, 'INT 1')
    const pressed = performance.now()
    await until('a press that cannot be the same', () => performance.now() - pressed > 150)
    started.process.kill('SIGINT')
    assert.equal((await started.ended).code, 137)
    assert.deepEqual(await place.main.runs(), [])
  })
})

describe('--timeout', AT_ONCE, () => {
  test('ends the program; the exit code is 124 whatever the program makes of it', async () => {
    for (const script of ['', `process.on('SIGTERM', () => process.exit(0))`]) {
      const place = await aPlace()
      const { code, stderr } = await startForEver(place, ['--timeout', '900ms'], script).ended
      assert.equal(code, 124)
      assert.match(stderr, /time was up after 900ms\n/)
      assert.match(stderr, /kept as run main\/r1/)
    }
  })

  test('kills a program that will not end', async () => {
    const place = await aPlace()
    const { code, stdout } = await startForEver(
      place,
      ['--timeout', '4s'],
      `process.on('SIGTERM', () => console.log('no'))`,
    ).ended
    assert.deepEqual([code, stdout], [124, 'READY\nno\n'])
  })
})

describe('--singleton', AT_ONCE, () => {
  test('lets one of two that start at once run, and tells the other who it is', async () => {
    const place = await aPlace()
    const go = join(place.folder, 'go')
    const script = `echo READY; ${untilThere(go)}; echo $RUNLET_RUN_ID > "$RUNLET_DIR/who"`
    const both = ['one', 'two'].map(id =>
      place.start(['run', '--id', id, '--singleton', 'nightly', '--label', `job ${id}`, '--', 'sh', '-c', script]),
    )
    const loser = await Promise.race(both.map(started => started.ended))
    assert.deepEqual([loser.code, loser.stdout], [75, ''])
    assert.match(
      loser.stderr,
      /^runlet: singleton "nightly" is held by job (one|two) \(.*\[ERR_RUNLET_SINGLETON_TAKEN\]\n$/,
    )
    await place.done(['put', 'anything'], { input: 'x' })
    assert.equal((await place.runlet(['run', '--singleton', 'nightly', '--', 'sh', '-c', `: > ${go}`])).code, 75)
    assert.ok(!existsSync(go))
    await place.done(['run', '--singleton', 'other', '--', 'sh', '-c', `: > ${go}`])
    const codes = await Promise.all(both.map(async started => (await started.ended).code))
    assert.deepEqual(codes.sort(), [0, 75])
    assert.equal((await place.runlet(['run', '--singleton', 'nightly', '--', 'true'])).code, 0)
  })
})

test('a singleton that loses its lock ends its program, keeps the run, and exits 75', async () => {
  const place = await aPlace()
  const started = startForEver(place, ['--singleton', 'nightly'])
  await says(started, 'READY')
  const objects = await openObjectStore('file:.runlet/store', systemAmbient, { folder: place.folder })
  await objects.delete([leaseKey(place.main.name as NamespaceName, 'lock.nightly')])
  const { code, stderr } = await started.ended
  assert.equal(code, 75)
  assert.match(stderr, /the singleton lock "nightly" was lost\n.*kept as run main\/r1/)
  await place.done(['fold', 'r1'])
})

describe('an owner', AT_ONCE, () => {
  test('that was killed blocks its run for its time to live; then it can be folded', async () => {
    const place = await aPlace()
    const put = `require('child_process').execSync(${JSON.stringify(`echo x | ${RUNLET} put a`)})`
    const started = startForEver(place, ['--ttl', '5s'], put)
    await says(started, 'READY')
    started.process.kill('SIGKILL')
    await until('the expiry', async () => {
      const { code, stderr } = await place.runlet(['fold', 'r1'])
      assert.ok(code === 0 || code === 75, stderr)
      return code === 0
    })
    assert.deepEqual(await contentOf(place.main), { a: 'x\n' })
  })

  test('that slept while another took over loses: its program is ended, and its commands are refused', async () => {
    const place = await aPlace()
    const go = join(place.folder, 'go')
    const late = `${untilThere(go)}; echo late | ${RUNLET} put late`
    const put = `require('child_process').spawn('sh', ['-c', ${JSON.stringify(late)}], { stdio: 'inherit', detached: true })`
    const started = startForEver(place, ['--ttl', '5s'], put)
    await says(started, 'READY')
    started.process.kill('SIGSTOP')
    const run = await until('the takeover', () => place.main.resume('r1', { label: 'the next' }).catch(() => undefined))
    await place.done(['put', 'go', '--namespace', 'main/r1'], { input: 'x' })
    started.process.kill('SIGCONT')
    await says(started, 'ERR_RUNLET_LEASE_LOST')
    await place.done(['run', '--', 'sh', '-c', `: > ${go}`])
    const { code, stderr } = await started.ended
    assert.equal(code, 75)
    assert.equal(stderr.match(/ERR_RUNLET_LEASE_LOST/g)?.length, 2)
    await run.fold()
    assert.deepEqual(await contentOf(place.main), { go: 'x' })
  })

  test('is shown by runs, and as gone once it is', async () => {
    const place = await aPlace()
    const started = startForEver(place, ['--ttl', '5s', '--label', 'its label'])
    await says(started, 'READY')
    const [before] = documents(await place.done(['runs', '--json']))
    assert.deepEqual([before?.state, before?.label, before?.ownerExpired], ['open', 'its label', false])
    started.process.kill('SIGSTOP')
    await until('the expiry', async () => / gone +.* was its label /.test(await place.done(['runs'])))
    started.process.kill('SIGCONT')
    assert.equal((await started.ended).code, 75)
  })
})
