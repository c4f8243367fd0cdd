// `runlet poller install` and its counterpart as a user calls them: what is written, told, checked and refused.
import assert from 'node:assert/strict'
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { readPoller } from '../../lib/integrations/poller/poller.ts'
import { allFilesIn, aWorld, NAME } from './poller-support.ts'
import { AT_ONCE, aFolder, callRunlet, documents } from './support.ts'

describe('an install', AT_ONCE, () => {
  test('writes down what a poller needs, but no secret, and says so', async () => {
    const world = await aWorld()
    const env = { ...world.env, AWS_ACCESS_KEY_ID: 'AKIAX', AWS_SECRET_ACCESS_KEY: 'tell-nobody', AWS_REGION: 'eu-x' }
    await mkdir(join(world.home, 'bin'))
    await writeFile(join(world.home, 'bin', 'my-poll'), '#!/usr/bin/env sh\n')
    await chmod(join(world.home, 'bin', 'my-poll'), 0o755)
    // As fnm has it: the link goes with the shell.
    const ofTheShell = join(world.home, 'fnm_multishells', '7')
    await mkdir(ofTheShell, { recursive: true })
    await symlink(join(world.home, 'bin'), join(ofTheShell, 'bin'))
    const PATH = `relative/bin::${ofTheShell}/bin:/not/there:${world.env.PATH}`
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
    const { code, stderr } = await world.served(args, { env: { ...env, PATH } })
    assert.equal(code, 0, stderr)
    assert.match(stderr, /AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: secrets are not written down.*AWS_PROFILE=NAME/)
    for (const path of (await allFilesIn(world.home)).filter(path => !path.includes('multishells')))
      assert.doesNotMatch(await readFile(path, 'utf8'), /tell-nobody|AKIAX/)
    const { environment, ...poller } = await readPoller(world.places, NAME)
    assert.deepEqual(poller.command, [join(world.home, 'bin', 'my-poll'), '100%', '$HOME\n"x"'])
    assert.equal(poller.folder, world.folder)
    assert.deepEqual([environment.AWS_REGION, environment.RUNLET_NAMESPACE], ['eu-x', 'main'])
    const path = environment.PATH?.split(':') ?? []
    assert.equal(path[0], join(world.home, 'bin'))
    assert.ok(path.every(entry => entry.startsWith('/') && entry !== '/not/there'))
    const profile = await world.served(args, { env: { ...env, PATH, AWS_PROFILE: 'polls' } })
    assert.doesNotMatch(profile.stderr, /secrets/)
    assert.equal((await readPoller(world.places, NAME)).environment.AWS_PROFILE, 'polls')
  })

  test('with --print shows all, and writes and tells nothing', async () => {
    const world = await aWorld()
    const args = ['install', 'p', '--every', '60s', '--print', '--', 'sh', '-c', 'true']
    const printed = await world.poller(...args)
    assert.equal(printed.code, 0, printed.stderr)
    const [plan] = documents((await world.poller('--json', ...args)).stdout) as {
      files?: { path: string }[]
      commands?: string[][]
    }[]
    assert.deepEqual([await allFilesIn(world.home), await world.told.calls()], [[], []])
    await world.poller(...args.filter(arg => arg !== '--print'))
    for (const path of await allFilesIn(world.home)) {
      assert.ok(printed.stdout.includes(`==> ${path}\n`), path)
      if (!path.endsWith('poller.json')) assert.ok(printed.stdout.includes(await readFile(path, 'utf8')))
    }
    const calls = await world.told.calls()
    assert.ok(calls.every(call => printed.stdout.includes(call)))
    assert.deepEqual(plan?.files?.map(({ path }) => path).sort(), (await allFilesIn(world.home)).sort())
    assert.deepEqual(
      plan?.commands?.map(words => words.join(' ')),
      calls,
    )
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
      [['p', ...every, '--on-error', 'x', '--', 'true'], 2, /'--on-error <what>' argument 'x' is invalid/],
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
    const run = await world.served(['poller', 'install', 'p', ...every, '--', 'true'], {
      env: { ...world.env, RUNLET_RUN_ID: 'r' },
    })
    assert.match(run.stderr, /this is inside a run/)
    const nowhere = await world.served(['poller', 'install', 'p', ...every, '--', 'true'], { cwd: await aFolder() })
    assert.match(nowhere.stderr, /nothing says which store to use/)
    assert.deepEqual([await allFilesIn(world.home), await world.told.calls()], [[], []])
  })
})

test('an uninstall removes all that was written, and ends nobody else', async () => {
  const world = await aWorld()
  await world.install('true')
  await world.poller('run-now', 'p')
  assert.notDeepEqual(await allFilesIn(world.home), [])
  assert.equal((await world.poller('uninstall', 'p')).code, 0)
  assert.deepEqual(await allFilesIn(world.home), [])
})

test('each verb has help with an example, and wrong usage is told where to find it', async () => {
  for (const verb of ['install', 'list', 'logs', 'run-now', 'uninstall']) {
    const { code, stdout } = await callRunlet(['poller', verb, '--help'])
    assert.equal(code, 0)
    assert.match(stdout, new RegExp(`Examples?:\n  \\$ runlet poller ${verb}\\b`), verb)
  }
  const { code, stderr } = await callRunlet(['poller', 'run-now'])
  assert.deepEqual([code, /See `runlet poller run-now --help`\. \[/.test(stderr)], [2, true])
})
