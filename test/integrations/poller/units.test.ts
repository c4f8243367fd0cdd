// What is written for launchd and systemd, on any machine: as text, and as real parsers of either read it.
import assert from 'node:assert/strict'
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { execa } from 'execa'
import fc from 'fast-check'
import { parse as parsePlist } from 'fast-plist'
import { launchd } from '../../../lib/integrations/poller/launchd.ts'
import type { Poller } from '../../../lib/integrations/poller/poller.ts'
import { delayOf, placeOfName } from '../../../lib/integrations/poller/spread.ts'
import { systemd } from '../../../lib/integrations/poller/systemd.ts'
import { parseSegment } from '../../../lib/names.ts'
import { aPoller, placesIn } from './support.ts'

const LINUX = placesIn('/home/ann', 'linux')
const MAC = placesIn('/Users/ann', 'darwin')
const folder = await mkdtemp(join(tmpdir(), 'test-units-'))
after(() => rm(folder, { recursive: true, force: true }))

/** Whatever may stand in a path or variable: no control characters, which are refused before. */
const oddText = fc
  .string({ unit: fc.constantFrom(...'ab/ %$"\'\\;#&<>]=~{}`*?!@é界😀'), maxLength: 12 })
  .map(text => text.replace(/\/+/g, '/').replace(/^\/|\s$/g, ''))
/** An executable that systemd takes. */
const oddProgram = oddText.map(text => `/n${text.replace(/['"\\]/g, '')}/node`)
const oddPollers = fc
  .record({ main: oddText, node: oddProgram, folder: oddText, value: oddText })
  .map(({ main, node, folder, value }) =>
    aPoller({ main: `/m${main}`, node, folder: `/f${folder}x`, environment: { PATH: `/p${value}` } }),
  )

describe('systemd', () => {
  test('gets a service that starts the poller, with all that it needs', () => {
    const [service, timer] = systemd.files(aPoller(), LINUX)
    assert.equal(service?.path, '/home/ann/.config/systemd/user/runlet-poller-mail.service')
    assert.equal(
      service?.text,
      `# Written by \`runlet poller install\` for the poller mail;
# \`runlet poller uninstall mail\` removes it. Each start is a run of its own, with its output in a log of bounded size:
#   /usr/bin/node /opt/runlet/dist/cli/main.js run --singleton mail --on-error discard --timeout 300000ms --label "poller mail" -- /home/ann/bin/poll "in box" "$HOME %h \\"q\\""

[Unit]
Description=runlet poller mail

[Service]
Type=oneshot
ExecStart="/usr/bin/node" "/opt/runlet/dist/cli/main.js" poller run-now mail --scheduled
WorkingDirectory=-/home/ann/work
Environment="PATH=/usr/bin:/bin"
Environment="AWS_PROFILE=polls"
StandardInput=null
StandardOutput=null
StandardError=journal
# Another one was at work, and this one skipped: no failure.
SuccessExitStatus=75
# SIGTERM goes to the first process, which hands it on once to all that it started.
KillMode=mixed
TimeoutStopSec=45
`,
    )
    assert.equal(timer?.path, '/home/ann/.config/systemd/user/runlet-poller-mail.timer')
    assert.equal(
      timer?.text,
      `# Written by \`runlet poller install\` for the poller mail;
# \`runlet poller uninstall mail\` removes it.

[Unit]
Description=starts runlet poller mail every 60s

[Timer]
OnActiveSec=199ms
OnUnitActiveSec=60s
RandomizedDelaySec=6s
AccuracySec=1s
Unit=runlet-poller-mail.service

[Install]
WantedBy=timers.target
`,
    )
  })

  test('finds nothing to complain of, by its own systemd-analyze verify', async t => {
    const poller = aPoller({ node: join(folder, 'a %h $x b', 'node'), main: '/m "q" $x %h \\', folder: '/w %h "q" $x' })
    await mkdir(join(folder, 'a %h $x b'))
    await writeFile(poller.node, '')
    await chmod(poller.node, 0o755)
    const files = systemd.files(poller, placesIn(folder, 'linux'))
    await mkdir(placesIn(folder, 'linux').units, { recursive: true })
    for (const { path, text } of files) await writeFile(path, text)
    const paths = files.map(({ path }) => path)
    const verify = () =>
      execa('systemd-analyze', ['verify', '--user', ...paths], {
        env: { XDG_RUNTIME_DIR: folder },
        all: true,
        reject: false,
      })
    const result = await verify()
    // Where everything must be tested, .ci/run has installed it.
    assert.ok(
      result.code !== 'ENOENT' || !process.env.CI || process.platform !== 'linux',
      'there is no systemd-analyze',
    )
    if (result.code === 'ENOENT')
      return t.diagnostic('there is no systemd-analyze here: only our own reading is tested')
    // It may have its say on units that are installed here, too.
    assert.doesNotMatch(result.all ?? '', /runlet-poller/)
    assert.equal(result.exitCode, 0)
    // That it would complain: it looks for the very program that is written there.
    await rm(poller.node)
    assert.match((await verify()).all ?? '', /is not executable/)
  })

  test('is told of any path and value such that it reads the same', () => {
    fc.assert(
      fc.property(oddPollers, poller => {
        assert.deepEqual(readService(systemd.files(poller, LINUX)[0]?.text ?? ''), whatIsMeant(poller))
      }),
    )
  })

  test('reads the same by its own parser', async t => {
    const pollers = fc.sample(oddPollers, { numRuns: 60, seed: 5 })
    const read = await readBySystemd(pollers)
    if (!read) return t.diagnostic('systemd --user --test cannot be run here: only our own reading is tested')
    assert.deepEqual(read, pollers.map(whatIsMeant))
  })

  test('is not asked for what it cannot do', () => {
    const refused: [Partial<Poller>, RegExp][] = [
      [{ node: '/a"b/node' }, /the path of node: systemd takes no path that has a quote/],
      [{ folder: '/work ' }, /the folder: systemd takes no path that ends in a blank/],
      [{ folder: '/work\\' }, /the folder: .* backslash/],
    ]
    for (const [given, says] of refused) assert.throws(() => systemd.assertFits(aPoller(given)), says)
    systemd.assertFits(aPoller())
  })
})

describe('launchd', () => {
  const meant = ({ name, node, main, folder, environment, everyMs }: Poller) => ({
    Label: `runlet.poller.${name}`,
    ProgramArguments: [node, main, 'poller', 'run-now', name, '--scheduled'],
    WorkingDirectory: folder,
    EnvironmentVariables: environment,
    StartInterval: everyMs / 1000,
    RunAtLoad: true,
    ExitTimeOut: 45,
    StandardOutPath: '/dev/null',
    StandardErrorPath: '/dev/null',
  })

  test('gets a property list that says what is meant', () => {
    const [agent, ...others] = launchd.files(aPoller(), MAC)
    assert.deepEqual(others, [])
    assert.equal(agent?.path, '/Users/ann/Library/LaunchAgents/runlet.poller.mail.plist')
    assert.match(agent?.text ?? '', /^<\?xml version="1.0" encoding="UTF-8"\?>\n<!DOCTYPE plist PUBLIC "-\/\/Apple/)
    assert.deepEqual(parsePlist(agent?.text ?? ''), meant(aPoller()))
  })

  test('reads any path and value as it is meant, by a parser that did not write it', () => {
    fc.assert(
      fc.property(oddPollers, poller => {
        assert.deepEqual(parsePlist(launchd.files(poller, MAC)[0]?.text ?? ''), meant(poller))
      }),
    )
  })

  test("reads it the same by Python's parser", async t => {
    const pollers = fc.sample(oddPollers, { numRuns: 60, seed: 6 })
    const script =
      'import plistlib,json,sys; print(json.dumps([plistlib.loads(p.encode()) for p in json.load(sys.stdin)]))'
    const input = JSON.stringify(pollers.map(poller => launchd.files(poller, MAC)[0]?.text))
    const result = await execa('python3', ['-c', script], { input, reject: false })
    if (result.code === 'ENOENT') return t.diagnostic('there is no python3 here: only one parser was asked')
    assert.deepEqual(JSON.parse(result.stdout), pollers.map(meant))
  })

  test('is told by commands for the session of the user', () => {
    const { name } = aPoller()
    const commands = (steps: ReturnType<typeof launchd.start>) => steps.map(({ command }) => command.join(' '))
    assert.deepEqual(commands(launchd.start(name, MAC)), [
      'launchctl enable gui/501/runlet.poller.mail',
      'launchctl bootstrap gui/501 /Users/ann/Library/LaunchAgents/runlet.poller.mail.plist',
    ])
    assert.deepEqual(commands(launchd.stop(name, MAC)), ['launchctl bootout gui/501/runlet.poller.mail'])
  })
})

test('each knows its own files from those of others', () => {
  for (const [scheduler, places] of [
    [systemd, LINUX],
    [launchd, MAC],
  ] as const) {
    const { name } = aPoller()
    for (const { text } of scheduler.files(aPoller(), places)) {
      assert.ok(scheduler.isOurs(text, name))
      assert.ok(!scheduler.isOurs(text, parseSegment('mailbox', 'name')))
    }
    for (const text of ['', '[Service]\nExecStart=/bin/true\n', '<plist><dict/></plist>', 'bplist00']) {
      assert.ok(!scheduler.isOurs(text, name))
    }
  }
})

test('a dozen pollers start apart from one another, each at its own place', () => {
  const places = Array.from({ length: 12 }, (_, i) => placeOfName(`poller-${i}`))
  assert.equal(new Set(places.map(place => Math.floor(place * 100))).size > 9, true)
  fc.assert(
    fc.property(
      fc.string(),
      fc.integer({ min: 0, max: 30_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (name, jitterMs, random) => {
        const delay = delayOf({ name, jitterMs }, random)
        assert.ok(delay >= 0 && delay <= jitterMs)
        assert.equal(delay, delayOf({ name, jitterMs }, random))
      },
    ),
  )
})

interface Read {
  readonly command: string[]
  readonly folder: string
  readonly environment: string[]
}

const whatIsMeant = ({ node, main, name, folder, environment }: Poller): Read => ({
  command: [node, main, 'poller', 'run-now', name, '--scheduled'],
  folder,
  environment: Object.entries(environment).map(([variable, value]) => `${variable}=${value}`),
})

/** Words in double quotes with backslashes, or without any; the rules of systemd.syntax(7) that concern us. */
const words = (text: string): string[] =>
  [...text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(
    ([, quoted, plain]) => plain ?? (quoted ?? '').replace(/\\(.)/gu, '$1'),
  )

const specified = (text: string): string => {
  assert.doesNotMatch(text.replaceAll('%%', ''), /%/)
  return text.replaceAll('%%', '%')
}

function readService(text: string): Read {
  const valuesOf = (key: string) => [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value)
  const [program = '', ...args] = words(specified(valuesOf('ExecStart')[0] ?? ''))
  return {
    command: [program, ...args.map(arg => arg.replaceAll('$$', '$'))],
    folder: specified(valuesOf('WorkingDirectory')[0] ?? '').replace(/^-/, ''),
    environment: valuesOf('Environment').flatMap(value => words(specified(value))),
  }
}

/** The services as systemd itself says that it read them; undefined where it cannot be asked. It refuses to answer root. */
async function readBySystemd(pollers: readonly Poller[]): Promise<Read[] | undefined> {
  const NOBODY = 65534
  const home = await mkdtemp(join(tmpdir(), 'test-systemd-'))
  try {
    const units = join(home, 'systemd', 'user')
    await mkdir(units, { recursive: true })
    const names = pollers.map((_, i) => `p${i}.service`)
    for (const [i, poller] of pollers.entries()) {
      await writeFile(join(units, `p${i}.service`), systemd.files(poller, LINUX)[0]?.text ?? '')
    }
    await writeFile(join(units, 'all.target'), `[Unit]\nWants=${names.join(' ')}\n`)
    await chmod(home, 0o755)
    const isRoot = process.getuid?.() === 0
    if (isRoot) await chown(home, NOBODY, NOBODY)
    const asNobody = isRoot ? ['setpriv', `--reuid=${NOBODY}`, '--clear-groups'] : []
    const [program = '', ...args] = [...asNobody, 'systemd', '--user', '--test', '--unit=all.target']
    const env = { PATH: process.env.PATH ?? '', HOME: home, XDG_CONFIG_HOME: home, XDG_RUNTIME_DIR: home }
    const result = await execa(program, args, { env, extendEnv: false, reject: false, timeout: 30_000 })
    return result.failed ? undefined : names.map(name => readDump(result.stdout, name))
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

function readDump(dump: string, name: string): Read {
  const [unit = ''] = dump.split(/^\t?-> Unit /m).filter(part => part.startsWith(`${name}:`))
  const valuesOf = (key: string) =>
    [...unit.matchAll(new RegExp(`^\\s+${key}: (.*)$`, 'gm'))].map(([, value = '']) => value)
  const [program = '', ...args] = words(valuesOf('Command Line')[0] ?? '')
  return {
    // What it does when it starts them: of two dollar signs it makes one.
    command: [program, ...args.map(arg => arg.replaceAll('$$', '$'))],
    folder: valuesOf('WorkingDirectory')[0] ?? '',
    environment: valuesOf('Environment'),
  }
}
