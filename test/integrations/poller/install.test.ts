// Installing and uninstalling for either system, with stand-ins for the commands that tell it: all or nothing, and nothing of others.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { ForeignUnitError, SchedulerError } from '../../../lib/integrations/poller/errors.ts'
import { install, planOf, uninstall } from '../../../lib/integrations/poller/install.ts'
import type { Places, Platform } from '../../../lib/integrations/poller/places.ts'
import { folderOf, pollerNames, readPoller } from '../../../lib/integrations/poller/poller.ts'
import { until } from '../../cli/support.ts'
import { aPoller, placesIn, type StandIns, standIns } from './support.ts'

const folder = await mkdtemp(join(tmpdir(), 'test-install-'))
const before = { ...process.env }
after(async () => {
  process.env = before
  await rm(folder, { recursive: true, force: true })
})

/** A home without anything, and stand-ins; tests here run one after the other, for the environment is the process's. */
async function aHome(platform: Platform): Promise<{ places: Places; home: string; told: StandIns }> {
  const home = await mkdtemp(join(folder, 'home-'))
  Object.assign(process.env, before)
  const told = await standIns(join(home, 'stand-ins'))
  Object.assign(process.env, told.env)
  return { places: placesIn(home, platform), home, told }
}

/** All files of the home with their texts, but for the stand-ins'. */
async function filesIn(home: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const entry of await readdir(home, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && !path.includes('stand-ins')) found[path] = await readFile(path, 'utf8')
  }
  return found
}

const COMMANDS = {
  linux: {
    start: ['systemctl --user daemon-reload', 'systemctl --user enable --now runlet-poller-mail.timer'],
    pause: ['systemctl --user stop runlet-poller-mail.timer'],
    end: [
      'systemctl --user disable --now runlet-poller-mail.timer',
      'systemctl --user stop runlet-poller-mail.service',
      'systemctl --user daemon-reload',
    ],
    failing: ['enable', 'Failed to connect to bus: No medium found'],
    nothingThere: ['disable', 'Failed to disable unit: Unit file runlet-poller-mail.timer does not exist.'],
    remedy: /loginctl enable-linger/,
  },
  darwin: {
    start: ['launchctl enable gui/501/runlet.poller.mail', 'launchctl bootstrap gui/501 PLIST'],
    pause: ['launchctl bootout gui/501/runlet.poller.mail'],
    end: ['launchctl bootout gui/501/runlet.poller.mail'],
    failing: ['bootstrap', 'Bootstrap failed: 125: Domain does not support specified action'],
    nothingThere: ['bootout', 'Boot-out failed: 3: No such process'],
    remedy: /log in at its screen/,
  },
} as const

for (const platform of ['linux', 'darwin'] as const) {
  const commands = COMMANDS[platform]
  const poller = aPoller()
  const saying = (places: Places, lines: readonly string[]) =>
    lines.map(line => line.replace('PLIST', join(places.units, 'runlet.poller.mail.plist')))

  describe(`on ${platform}`, () => {
    test('an install writes what its plan says, and tells the scheduler', async () => {
      const { places, home, told } = await aHome(platform)
      assert.deepEqual(await install(poller, places), { replaced: false })
      const { files } = planOf(poller, places)
      assert.deepEqual(await filesIn(home), Object.fromEntries(files.map(({ path, text }) => [path, text])))
      assert.deepEqual(await told.calls(), saying(places, commands.start))
      assert.deepEqual(await readPoller(places, poller.name), poller)
      assert.deepEqual(await pollerNames(places), ['mail'])
    })

    test('another install replaces it, and an uninstall removes all of it; a second one does nothing', async () => {
      const { places, home, told } = await aHome(platform)
      await install(poller, places)
      await told.calls()
      assert.deepEqual(await install(aPoller({ everyMs: 30_000 }), places), { replaced: true })
      assert.deepEqual(await told.calls(), saying(places, [...commands.pause, ...commands.start]))
      assert.equal((await readPoller(places, poller.name)).everyMs, 30_000)
      // What an install left that was killed goes too.
      await writeFile(
        join(places.units, `${platform === 'linux' ? 'runlet-poller-mail.timer' : 'runlet.poller.mail.plist'}.x.new`),
        '',
      )
      assert.equal(await uninstall(poller.name, places), true)
      assert.deepEqual(await told.calls(), commands.end)
      assert.deepEqual(await filesIn(home), {})
      assert.equal(await uninstall(poller.name, places), false)
      assert.deepEqual(await told.calls(), [])
    })

    test('an install that the scheduler refuses leaves nothing', async () => {
      const { places, home, told } = await aHome(platform)
      await told.fail(commands.failing[0], commands.failing[1])
      await assert.rejects(install(poller, places), (error: Error) => {
        assert.ok(error instanceof SchedulerError)
        assert.ok(error.message.includes(commands.failing[1]), error.message)
        assert.match(error.message, commands.remedy)
        return true
      })
      assert.deepEqual(await filesIn(home), {})
      assert.deepEqual(await pollerNames(places), [])
    })

    test('a replacement that the scheduler refuses leaves what there was', async () => {
      const { places, home, told } = await aHome(platform)
      await install(poller, places)
      const there = await filesIn(home)
      await told.fail(commands.failing[0], commands.failing[1])
      await assert.rejects(install(aPoller({ everyMs: 30_000 }), places), SchedulerError)
      assert.deepEqual(await filesIn(home), there)
    })

    test('without its command nothing is written, and an uninstall still removes the files', async () => {
      const { places, home } = await aHome(platform)
      await install(poller, places)
      process.env.PATH = '/nowhere'
      assert.equal(await uninstall(poller.name, places), true)
      await assert.rejects(install(poller, places), /there is no (systemctl|launchctl)/)
      assert.deepEqual(await filesIn(home), {})
    })

    test('an uninstall of what the scheduler does not have is none that fails', async () => {
      const { places, home, told } = await aHome(platform)
      await install(poller, places)
      await told.fail(commands.nothingThere[0], commands.nothingThere[1])
      assert.equal(await uninstall(poller.name, places), true)
      assert.deepEqual(await filesIn(home), {})
    })

    test('an uninstall that the scheduler was not told of says so, and the files are gone', async () => {
      const { places, home, told } = await aHome(platform)
      await install(poller, places)
      await told.fail(commands.nothingThere[0], 'Operation not permitted')
      await assert.rejects(uninstall(poller.name, places), /Operation not permitted/)
      assert.deepEqual(await filesIn(home), {})
    })

    test('what runlet did not write is neither overwritten nor removed', async () => {
      const { places, home, told } = await aHome(platform)
      const [, path = ''] = planOf(poller, places).files.map(file => file.path)
      await mkdir(places.units, { recursive: true })
      const foreign = [
        () => writeFile(path, '[Service]\nExecStart=/bin/true\n'),
        () => symlink('/dev/null', path),
        () => mkdir(path),
        // A poller of another name
        () => writeFile(path, planOf(aPoller({ name: 'other' as never }), places).files[1]?.text ?? ''),
      ]
      for (const write of foreign) {
        await write()
        const there = await filesIn(home)
        await assert.rejects(install(poller, places), ForeignUnitError)
        await assert.rejects(uninstall(poller.name, places), ForeignUnitError)
        assert.deepEqual([await filesIn(home), await told.calls()], [there, []])
        await rm(path, { recursive: true })
      }
    })
  })
}

test('a launchd that is still busy with the last one is asked again', async () => {
  const { places, told } = await aHome('darwin')
  await told.fail('bootstrap', 'Bootstrap failed: 5: Input/output error')
  const installing = install(aPoller(), places)
  const asked: string[] = []
  await Promise.race([installing, until('another attempt', async () => asked.push(...(await told.calls())) >= 3)])
  await rm(join(process.env.STAND_INS ?? '', 'fails'))
  assert.deepEqual(await installing, { replaced: false })
  assert.equal((await readPoller(places, aPoller().name)).name, 'mail')
})

test('a definition that is none is told by its file', async () => {
  const { places } = await aHome('linux')
  const { name } = aPoller()
  await mkdir(folderOf(places, name), { recursive: true })
  for (const text of ['', '{', '{}', JSON.stringify(aPoller({ name: 'other' as never }))]) {
    await writeFile(join(folderOf(places, name), 'poller.json'), text)
    await assert.rejects(readPoller(places, name), /ERR_RUNLET_CORRUPT_OBJECT|poller\.json/)
  }
})
