// `runlet poller` as a user and as the timer call it: real starts in a file store, with stand-ins for the commands of the scheduler.
import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { install } from '../../lib/integrations/poller/install.ts'
import type { Places } from '../../lib/integrations/poller/places.ts'
import { type Poller, readPoller } from '../../lib/integrations/poller/poller.ts'
import { start } from '../../lib/integrations/poller/start.ts'
import { type Tally, TallyKeeper } from '../../lib/integrations/poller/tally.ts'
import { parseSegment } from '../../lib/names.ts'
import { aPoller, placesIn, type StandIns, standIns } from '../integrations/poller/support.ts'
import {
  AT_ONCE,
  aFolder,
  aPlace,
  contentOf,
  documents,
  type Ended,
  type Place,
  type Started,
  startRunlet,
  until,
} from './support.ts'

interface World extends Place {
  readonly home: string
  readonly told: StandIns
  readonly env: NodeJS.ProcessEnv
  readonly places: Places
  readonly poller: (...args: string[]) => Promise<Ended>
  readonly startPoller: (...args: string[]) => Started
  /** Installs the poller `p` that runs a script in a shell, without the command. */
  readonly install: (script: string, given?: Partial<Poller>) => Promise<void>
  readonly tally: () => Promise<Tally>
}

const NAME = parseSegment('p', 'name')
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const PLATFORM = process.platform === 'darwin' ? 'darwin' : 'linux'

// For what is installed without the command.
Object.assign(process.env, (await standIns(join(await aFolder(), 'stand-ins'))).env)

async function aWorld(): Promise<World> {
  const place = await aPlace()
  const home = await aFolder()
  const told = await standIns(join(home, 'stand-ins'))
  const none = ['XDG_STATE_HOME', 'XDG_CONFIG_HOME', 'AWS_PROFILE', 'AWS_SECRET_ACCESS_KEY', 'AWS_ACCESS_KEY_ID']
  const env = { ...Object.fromEntries(none.map(name => [name, undefined])), ...told.env, HOME: home }
  const startPoller: World['startPoller'] = (...args) => place.start(['poller', ...args], { env })
  const places = placesIn(home, PLATFORM)
  const fixed = { name: NAME, node: process.execPath, main: MAIN, folder: place.folder }
  return {
    ...place,
    home,
    told,
    env,
    places,
    startPoller,
    poller: (...args) => startPoller(...args).ended,
    install: async (script, given) => {
      const environment = { PATH: process.env.PATH ?? '' }
      await install(aPoller({ ...fixed, environment, command: ['/bin/sh', '-c', script], ...given }), places)
    },
    tally: () => new TallyKeeper(places, NAME).read(),
  }
}

/** For a script: says what it is, and waits until a file is there (a minute at most). */
const untilThere = (file: string) => `i=0; until test -e ${file} || test $i -ge 1200; do sleep 0.05; i=$((i+1)); done`

const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Waits for a file with a process's number in it. */
async function pidIn(path: string): Promise<number> {
  return Number(await until(path, async () => (await readFile(path, 'utf8').catch(() => '')).trim()))
}

const allFilesIn = async (folder: string) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter(entry => !entry.isDirectory() && !join(entry.parentPath, entry.name).includes('stand-ins'))
    .map(entry => join(entry.parentPath, entry.name))

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
    assert.match(log.stderr, /p ran 1 times, failed 0 times, was skipped 0 times/)
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

  test('whose command says of itself that it should be tried later has failed, and was not skipped', async () => {
    const world = await aWorld()
    await world.install('echo "nothing was started [ERR_RUNLET_SINGLETON_TAKEN]" >&2; exit 75')
    assert.equal((await world.poller('run-now', 'p')).code, 75)
    const { counts } = await world.tally()
    assert.deepEqual([counts.failed, counts.skipped], [1, 0])
  })

  test('that is over its time is ended with all that it started, even what will not', async () => {
    const world = await aWorld()
    const deaf = "trap '' TERM; while :; do sleep 1; done"
    await world.install(`echo kept > $RUNLET_DIR/part; sh -c "echo \\$\\$ > deaf; ${deaf}" & echo $$ > pid; ${deaf}`, {
      timeoutMs: 3000,
      onError: 'keep',
    })
    const started = world.startPoller('run-now', 'p')
    const [pid, deafPid] = [await pidIn(join(world.folder, 'pid')), await pidIn(join(world.folder, 'deaf'))]
    assert.equal((await started.ended).code, 124)
    await until('the end of both', () => !isAlive(pid) && !isAlive(deafPid))
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
  })

  test('of which everything is killed at once leaves a lock that runs out, and a run for the sweep', async () => {
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
    await world.install('sleep 2.3', { jitterMs: 1000 })
    const mac = placesIn(world.home, 'darwin')
    const found = await readPoller(world.places, NAME)
    await mkdir(join(mac.state, 'p'), { recursive: true })
    const options = { scheduled: true, here: { HOME: world.home }, signal: new AbortController().signal }
    const ended = await start({ ...found, everyMs: 1000 }, mac, options)
    assert.equal(ended.outcome, 'ok')
    assert.ok(ended.missed >= 2, String(ended.missed))
    assert.equal((await new TallyKeeper(mac, found.name).read()).counts.skipped, ended.missed)
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
    const { stdout } = await world.start(['poller', 'list', '--json'], { cwd: elsewhere, env: world.env }).ended
    const [listed] = documents(stdout) as unknown as { last?: { outcome: string }; problem?: string }[]
    assert.deepEqual([listed?.last?.outcome, listed?.problem], ['failed', `${world.folder} is gone`])
  })
})

describe('an install', AT_ONCE, () => {
  test('writes down what a poller needs, but no secret, and says so', async () => {
    const world = await aWorld()
    const env = { ...world.env, AWS_ACCESS_KEY_ID: 'AKIAX', AWS_SECRET_ACCESS_KEY: 'tell-nobody', AWS_REGION: 'eu-x' }
    await mkdir(join(world.home, 'bin'))
    await writeFile(join(world.home, 'bin', 'my-poll'), '#!/usr/bin/env sh\n')
    await chmod(join(world.home, 'bin', 'my-poll'), 0o755)
    const PATH = `relative/bin::${world.home}/bin:/not/there:${world.env.PATH}`
    const args = [
      'poller',
      'install',
      'p',
      '--every',
      '1m',
      '--namespace',
      'main',
      '--',
      'my-poll',
      '100%',
      '$HOME\n"x"',
    ]
    const { code, stderr } = await world.runlet(args, { env: { ...env, PATH } })
    assert.equal(code, 0, stderr)
    assert.match(stderr, /AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: secrets are not written down.*AWS_PROFILE=NAME/)
    for (const path of await allFilesIn(world.home))
      assert.doesNotMatch(await readFile(path, 'utf8'), /tell-nobody|AKIAX/)
    const { environment, ...poller } = await readPoller(world.places, NAME)
    assert.deepEqual(poller.command, [join(world.home, 'bin', 'my-poll'), '100%', '$HOME\n"x"'])
    assert.equal(poller.folder, world.folder)
    assert.deepEqual([environment.AWS_REGION, environment.RUNLET_NAMESPACE], ['eu-x', 'main'])
    const path = environment.PATH?.split(':') ?? []
    assert.equal(path[0], join(world.home, 'bin'))
    assert.ok(path.every(entry => entry.startsWith('/') && entry !== '/not/there'))
    const profile = await world.runlet(args, { env: { ...env, PATH, AWS_PROFILE: 'polls' } })
    assert.doesNotMatch(profile.stderr, /secrets/)
    assert.equal((await readPoller(world.places, NAME)).environment.AWS_PROFILE, 'polls')
  })

  test('with --print shows all, and writes and tells nothing', async () => {
    const world = await aWorld()
    const args = ['install', 'p', '--every', '60s', '--print', '--', 'sh', '-c', 'true']
    const printed = await world.poller(...args)
    assert.equal(printed.code, 0, printed.stderr)
    assert.deepEqual([await allFilesIn(world.home), await world.told.calls()], [[], []])
    await world.poller(...args.filter(arg => arg !== '--print'))
    for (const path of await allFilesIn(world.home)) {
      assert.ok(printed.stdout.includes(`==> ${path}\n`), path)
      if (!path.endsWith('poller.json')) assert.ok(printed.stdout.includes(await readFile(path, 'utf8')))
    }
    for (const call of await world.told.calls()) assert.ok(printed.stdout.includes(call))
  })

  test('with --print --json is one document', async () => {
    const world = await aWorld()
    const { stdout } = await world.poller('--json', 'install', 'p', '--every', '60s', '--print', '--', 'true')
    const [plan] = documents(stdout) as unknown as { files: { path: string; text: string }[]; commands: string[][] }[]
    assert.ok(plan?.files.every(({ path }) => path.startsWith(world.home)))
    assert.ok((plan?.commands.length ?? 0) > 0)
  })

  test('of what could not be started is refused by name, before anything is written', async () => {
    const world = await aWorld()
    const script = async (name: string, text: string, mode = 0o755) => {
      await writeFile(join(world.folder, name), text)
      await chmod(join(world.folder, name), mode)
    }
    await script('plain.txt', 'x', 0o644)
    await script('snake', '#!/usr/bin/env snake9\n')
    await script('lost', '#!/opt/lost/bin/perl -w\n')
    const every = ['--every', '60s']
    const refused: [args: string[], code: number, says: RegExp][] = [
      [['p', ...every, '--', 'no-such'], 1, /"no-such" is not on your PATH\. Give its whole path.*POLLER_COMMAND/],
      [['p', ...every, '--', './plain.txt'], 1, /plain.txt" is no file that can be executed/],
      [['p', ...every, '--', './snake'], 1, /"snake9" is needed by .*snake, and not on its PATH\. Install it/],
      [['p', ...every, '--', './lost'], 1, /"\/opt\/lost\/bin\/perl"/],
      [['../p', ...every, '--', 'true'], 2, /poller name "\.\.\/p" is not a valid name/],
      [['p', '--', 'true'], 2, /required option '--every/],
      [['p', '--every', '5s', '--', 'true'], 2, /--every: 5s is out of range/],
      [['p', '--every', '10500ms', '--', 'true'], 2, /--every: 10500ms is no whole/],
      [['p', ...every, '--jitter', '31s', '--', 'true'], 2, /--jitter: 31s is out of range/],
      [['p', ...every, '--on-error', 'x', '--', 'true'], 2, /--on-error: "x" is unknown/],
      [['p', ...every, '--store', 's3://key:tell-nobody@bucket/x', '--', 'true'], 2, /has a user name or password/],
      [['p', ...every, '--store', '', '--', 'true'], 2, /--store: is empty/],
    ]
    for (const [args, code, says] of refused) {
      const ended = await world.poller('install', ...args)
      assert.match(ended.stderr, says)
      assert.equal(ended.code, code, args.join(' '))
      assert.doesNotMatch(ended.stderr, /tell-nobody/)
      assert.equal(ended.stderr.trimEnd().split('\n').length, 1)
    }
    const run = await world.runlet(['poller', 'install', 'p', ...every, '--', 'true'], {
      env: { ...world.env, RUNLET_RUN_ID: 'r' },
    })
    assert.match(run.stderr, /this is inside a run/)
    const nowhere = await world.start(['poller', 'install', 'p', ...every, '--', 'true'], {
      cwd: await aFolder(),
      env: world.env,
    }).ended
    assert.match(nowhere.stderr, /nothing says which store to use/)
    assert.deepEqual([await allFilesIn(world.home), await world.told.calls()], [[], []])
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

test('an uninstall removes all that was written, and ends nobody else', async () => {
  const world = await aWorld()
  await world.install('true')
  await world.poller('run-now', 'p')
  assert.notDeepEqual(await allFilesIn(world.home), [])
  assert.equal((await world.poller('uninstall', 'p')).code, 0)
  assert.deepEqual(await allFilesIn(world.home), [])
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

test('each verb has help with an example, and wrong usage is told where to find it', async () => {
  for (const verb of ['install', 'list', 'logs', 'run-now', 'uninstall']) {
    const { code, stdout } = await startRunlet(['poller', verb, '--help']).ended
    assert.equal(code, 0)
    assert.match(stdout, new RegExp(`Example:\n  \\$ runlet poller ${verb}\\b`), verb)
  }
  const { code, stderr } = await startRunlet(['poller', 'run-now']).ended
  assert.deepEqual([code, /See `runlet poller run-now --help`\. \[/.test(stderr)], [2, true])
})
