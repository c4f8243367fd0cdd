// `runlet poller` as a user and as the timer call it: real starts in a file store, with stand-ins for the commands of the scheduler.
import assert from 'node:assert/strict'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { readPoller } from '../../lib/integrations/poller/poller.ts'
import { missedIn, start } from '../../lib/integrations/poller/start.ts'
import { TallyKeeper } from '../../lib/integrations/poller/tally.ts'
import { isAlive, placesIn } from '../integrations/poller/support.ts'
import { ageLeases } from '../support/aged-leases.ts'
import { allFilesIn, aWorld, NAME } from './poller-support.ts'
import { AT_ONCE, aFolder, contentOf, documents, until } from './support.ts'

/** For a script: says what it is, and waits until a file is there (a minute at most). */
const untilThere = (file: string) => `i=0; until test -e ${file} || test $i -ge 1200; do sleep 0.05; i=$((i+1)); done`

const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )

/** Waits for a file with a process's number in it. */
async function pidIn(path: string): Promise<number> {
  return Number(await until(path, async () => (await readFile(path, 'utf8').catch(() => '')).trim()))
}

describe('a start', AT_ONCE, () => {
  test('is a run that is folded; its output is shown, logged, and its end counted', async () => {
    const world = await aWorld()
    await world.install('echo out; echo err >&2; echo found > $RUNLET_DIR/mail.txt')
    const { code, stdout, stderr } = await world.poller('run-now', 'p')
    assert.deepEqual([code, stdout], [0, 'out\n'])
    assert.match(stderr, /^err\n/)
    assert.deepEqual(await contentOf(world.main), { 'mail.txt': 'found\n' })
    const log = await world.poller('logs', 'p')
    for (const line of ['out', 'err', 'folded main/sh-', '-- ok (exit 0)'])
      assert.match(log.stdout, new RegExp(`Z .*${line.replace(/[()]/g, '\\$&')}`))
    assert.match(log.stderr, /p ran once, failed 0 times, was skipped 0 times/)
    assert.equal((await world.poller('logs', 'p', '-n', '1')).stdout.split('\n').length, 2)
    assert.deepEqual((await world.tally()).last?.outcome, 'ok')
    assert.match((await world.poller('list')).stdout, /^POLLER .*\np +1m +waits +1 +0 +0 +ok, \S+ ago +\/bin\/sh -c/)
  })

  test('by the timer says nothing but to the log', async () => {
    const world = await aWorld()
    await world.install('echo out; echo err >&2; exit 3')
    const ended = await world.poller('run-now', 'p', '--scheduled')
    assert.deepEqual(ended, { code: 3, stdout: '', stderr: '' })
    assert.deepEqual((await world.tally()).last?.exitCode, 3)
    assert.deepEqual(await world.main.runs(), [])
  })

  test('while another one is at work is skipped and counted', async () => {
    const world = await aWorld()
    await world.install(`echo $$ > pid; ${untilThere('go')}`)
    const first = world.startPoller('run-now', 'p')
    await pidIn(join(world.folder, 'pid'))
    const second = await world.poller('run-now', 'p', '--scheduled')
    assert.equal(second.code, 75)
    assert.equal((await world.tally()).atWork.length, 1)
    assert.match((await world.poller('list')).stdout, /at work for/)
    await writeFile(join(world.folder, 'go'), '')
    assert.equal((await first.ended).code, 0)
    const { counts, atWork, last } = await world.tally()
    assert.deepEqual([counts.ok, counts.skipped, atWork, last?.outcome], [1, 1, [], 'ok'])
    assert.match((await world.poller('logs', 'p')).stdout, /-- skipped: another one is at work/)
  })

  test('is skipped also where Node warns of something first', async () => {
    const world = await aWorld()
    const environment = { PATH: process.env.PATH ?? '', NODE_EXTRA_CA_CERTS: '/nowhere.pem' }
    await world.install('true', { environment })
    await world.main.lock('p', async () => {
      const skipped = await world.poller('run-now', 'p')
      assert.equal(skipped.code, 75)
      assert.match(skipped.stderr, /^Warning: .*\n.*\[ERR_RUNLET_SINGLETON_TAKEN\]\n$/)
    })
    const { counts } = await world.tally()
    assert.deepEqual([counts.failed, counts.skipped], [0, 1])
  })

  test('whose command says of itself that it should be tried later has failed, and was not skipped', async () => {
    const world = await aWorld()
    await world.install('echo "nothing was started [ERR_RUNLET_SINGLETON_TAKEN]" >&2; exit 75')
    assert.equal((await world.poller('run-now', 'p')).code, 75)
    const { counts } = await world.tally()
    assert.deepEqual([counts.failed, counts.skipped], [1, 0])
  })

  test('that is over its time is ended with all that it started', async () => {
    const world = await aWorld()
    const script = `echo kept > $RUNLET_DIR/part; sh -c 'echo $$ > child; exec sleep 60' & echo $$ > pid; ${untilThere('never')}`
    await world.install(script, { timeoutMs: 5000, onError: 'keep' })
    const started = world.startPoller('run-now', 'p')
    const pids = [await pidIn(join(world.folder, 'pid')), await pidIn(join(world.folder, 'child'))]
    assert.equal((await started.ended).code, 124)
    await until('the end of both', () => !pids.some(isAlive))
    const { counts, last } = await world.tally()
    assert.deepEqual([counts.timeout, last?.outcome], [1, 'timeout'])
    const [run, ...others] = await world.main.runs()
    assert.deepEqual([others, run?.owner], [[], undefined])
    assert.deepEqual(await contentOf(await world.namespace(`main/${run?.id}`)), { part: 'kept\n' })
  })

  test('that is killed ends with all that it started; its run is settled, it is counted, and the next one goes on', async () => {
    const world = await aWorld()
    await world.install(
      `echo $$ > pid; sh -c 'echo $$ > child; exec sleep 60' & test -e again || { ${untilThere('never')}; }`,
    )
    const killed = world.startPoller('run-now', 'p', '--scheduled')
    const pids = [await pidIn(join(world.folder, 'pid')), await pidIn(join(world.folder, 'child'))]
    killed.process.kill('SIGKILL')
    await killed.ended
    await until('the end of all', () => pids.every(pid => !isAlive(pid)))
    await until('the end of its run', async () => (await world.main.runs()).length === 0)
    const { counts, last } = await world.tally()
    assert.deepEqual([counts.killed, last?.outcome], [1, 'killed'])
    await writeFile(join(world.folder, 'again'), '')
    // The lock is given back after the run.
    await until('the next one', async () => (await world.poller('run-now', 'p', '--scheduled')).code === 0)
    const then = await world.tally()
    assert.deepEqual([then.counts.killed, then.counts.ok, then.last?.outcome, then.atWork], [1, 1, 'ok', []])
    const told = (await world.poller('logs', 'p')).stdout.match(/Z -- killed: .*/g)
    assert.deepEqual(told, [
      `Z -- killed: what was started at ${new Date(last?.startedAt ?? 0).toISOString()} (pid ${killed.process.pid})`,
    ])
  })

  test('of which everything is killed at once leaves a lock that runs out, and a run that the sweep discards', async () => {
    const world = await aWorld()
    await world.install(`echo $PPID > runlet; ${untilThere('never')}`)
    const killed = world.startPoller('run-now', 'p')
    const group = await pidIn(join(world.folder, 'runlet'))
    process.kill(-group, 'SIGKILL')
    killed.process.kill('SIGKILL')
    await killed.ended
    const next = await world.poller('run-now', 'p')
    assert.equal(next.code, 75, next.stderr)
    const [lock] = await world.main.locks()
    assert.equal(lock?.name, 'lock.p')
    const [run] = await world.main.runs()
    assert.ok(run?.owner)
    assert.deepEqual((await world.tally()).counts.killed, 1)
    // Its time passes.
    await ageLeases(join(world.folder, '.runlet/store'), 10 * 60_000)
    const swept = await world.served(['sweep'])
    assert.match(swept.stdout, new RegExp(`^main/${run.id} was discarded$`, 'm'))
    assert.deepEqual(await world.main.runs(), [])
    await world.install('true')
    assert.equal((await world.poller('run-now', 'p')).code, 0)
  })

  test('that is asked to end hands that on once, and settles its run', async () => {
    for (const [signal, code] of [
      ['SIGTERM', 143],
      ['SIGINT', 130],
    ] as const) {
      const world = await aWorld()
      await world.install(`trap 'echo got >> got; exit 9' TERM INT; echo $$ > pid; ${untilThere('never')}`)
      const started = world.startPoller('run-now', 'p')
      await pidIn(join(world.folder, 'pid'))
      started.process.kill(signal)
      assert.equal((await started.ended).code, code)
      assert.equal(await readFile(join(world.folder, 'got'), 'utf8'), 'got\n')
      assert.deepEqual((await world.tally()).last?.outcome, 'stopped')
      assert.deepEqual([await world.main.runs(), (await world.main.locks())[0]?.holder], [[], undefined])
    }
  })

  test('counts the starts that came due while it was at work, and on a Mac is put off first', async () => {
    const world = await aWorld()
    await world.install('true', { jitterMs: 50 })
    const mac = placesIn(world.home, 'darwin')
    const found = await readPoller(world.places, NAME)
    await mkdir(join(mac.state, 'p'), { recursive: true })
    const options = { scheduled: true, here: { HOME: world.home }, signal: new AbortController().signal }
    const ended = await start({ ...found, everyMs: 100 }, mac, options)
    assert.equal(ended.outcome, 'ok')
    assert.ok(ended.missed >= 2, String(ended.missed))
    assert.equal((await new TallyKeeper(mac, found.name).read()).counts.skipped, ended.missed)
  })

  test('that was too slow for those which came due has them counted, but for one that systemd then makes', () => {
    const missed = (tookMs: number) =>
      (['linux', 'darwin'] as const).map(platform => missedIn(tookMs, { everyMs: 1000 }, { platform }))
    assert.deepEqual([900, 1500, 3500].map(missed), [
      [0, 0],
      [0, 1],
      [2, 3],
    ])
  })

  test('with more output than anybody wants keeps the end of it', async () => {
    const world = await aWorld()
    await world.install('yes 0123456789012345678901234567890123456789 | head -c 6000000; echo the end')
    assert.equal((await world.poller('run-now', 'p', '--scheduled')).code, 0)
    const files = (await allFilesIn(world.home)).filter(path => path.endsWith('.log'))
    const sizes = await Promise.all(files.map(async path => (await stat(path)).size))
    assert.ok(sizes.reduce((a, b) => a + b, 0) < 5 * 1024 * 1024)
    assert.match((await world.poller('logs', 'p', '-n', '5')).stdout, /the end/)
  })

  test('whose folder is gone has failed, says so, and is listed with what is missing', async () => {
    const world = await aWorld()
    await world.install('true')
    await rm(world.folder, { recursive: true })
    const elsewhere = await aFolder()
    const { code } = await world.start(['poller', 'run-now', 'p'], { cwd: elsewhere, env: world.env }).ended
    assert.equal(code, 126)
    const { stdout } = await world.served(['poller', 'list', '--json'], { cwd: elsewhere })
    const [listed] = documents(stdout) as unknown as { last?: { outcome: string }; problem?: string }[]
    assert.deepEqual([listed?.last?.outcome, listed?.problem], ['failed', `${world.folder} is gone`])
  })
})

test('of a poller that does not exist one is told so; uninstalling it is no failure', async () => {
  const world = await aWorld()
  for (const verb of ['logs', 'run-now']) {
    const { code, stderr } = await world.poller(verb, 'nobody')
    assert.equal(code, 1)
    assert.match(stderr, /there is no poller "nobody".*ERR_RUNLET_POLLER_NOT_FOUND/)
  }
  assert.equal((await world.poller('uninstall', 'nobody')).code, 0)
  assert.match((await world.poller('list')).stderr, /there are no pollers/)
  assert.equal(await isThere(join(world.home, '.local')), false)
})

test('logs --follow shows what comes, until it is ended', async () => {
  const world = await aWorld()
  await world.install('echo again $RUNLET_RUN_ID')
  const following = world.startPoller('logs', 'p', '--follow')
  // Until it has looked, what is there is not news.
  await until('a line of a start', async () => {
    await world.poller('run-now', 'p', '--scheduled')
    return following.said().includes('again')
  })
  following.process.kill('SIGINT')
  assert.equal((await following.ended).code, 130)
})
