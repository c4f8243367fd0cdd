// Installing and taking away the hook: what was there stays, and comes back as it was.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { uninstall } from '../../lib/integrations/worktree/install.ts'
import { repositoryAt } from '../../lib/integrations/worktree/repository.ts'
import { AT_ONCE } from '../cli/support.ts'
import { aRepository, dateBack, pictureOf, Repository, startProgram } from './support.ts'

/** Does what the test does to the hooks, and expects that all is as before after an uninstall. */
async function comesBack(prepare: (repository: Repository) => Promise<void>): Promise<void> {
  const repository = await aRepository()
  await prepare(repository)
  const before = await pictureOf(join(repository.folder, '.git'))
  await repository.install()
  assert.notDeepEqual(await pictureOf(join(repository.folder, '.git')), before)
  await repository.install('fold')
  await uninstall(await repositoryAt(repository.folder))
  assert.deepEqual(await pictureOf(join(repository.folder, '.git')), before)
}

describe('runlet worktree uninstall brings back', AT_ONCE, () => {
  test('a repository without hooks, and without a folder for them', () =>
    comesBack(async ({ folder }) => rm(join(folder, '.git/hooks'), { recursive: true, force: true })))

  test('a hook with its mode and every byte', () =>
    comesBack(async ({ folder }) => {
      const hook = join(folder, '.git/hooks/post-checkout')
      await writeFile(hook, Buffer.from('#!/bin/sh\n# \xff\x00\r\nexit 3', 'latin1'))
      await chmod(hook, 0o751)
    }))

  test('a hook that is switched off, and does not run it meanwhile', () =>
    comesBack(async ({ folder }) => writeFile(join(folder, '.git/hooks/post-checkout'), '#!/bin/sh\nexit 3\n')))

  test('a hook that is a link', () =>
    comesBack(async ({ folder }) => {
      await writeFile(join(folder, '.git/the-hook'), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
      await symlink('../the-hook', join(folder, '.git/hooks/post-checkout'))
    }))

  test('what lies where core.hooksPath says', () =>
    comesBack(async repository => {
      await mkdir(join(repository.folder, '.git/mine'))
      await writeFile(join(repository.folder, '.git/mine/post-checkout'), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
      await repository.git(['config', 'core.hooksPath', join(repository.folder, '.git/mine')])
    }))
})

describe('runlet worktree install', AT_ONCE, () => {
  test('done twice changes nothing, and says so', async () => {
    const repository = await aRepository()
    await repository.worktree('older')
    const { was, older } = await repository.install()
    assert.deepEqual([was, older], ['absent', 1])
    const before = await pictureOf(join(repository.folder, '.git'))
    assert.equal((await repository.install()).was, 'installed')
    assert.deepEqual(await pictureOf(join(repository.folder, '.git')), before)
  })

  test('keeps the age of the installation: what became new meanwhile stays so', async () => {
    const repository = await aRepository()
    await repository.install()
    const folder = await repository.worktree('w', 'w', ['--no-checkout'])
    await dateBack(join(repository.folder, '.git/runlet/install.json'), 2001)
    await dateBack(join(await repository.gitDir(folder), 'commondir'), 2002)
    await repository.install('discard')
    assert.equal((await repository.status(folder)).new, true)
    await repository.at(folder)
    assert.equal((await repository.status(folder)).onRemoved, 'discard')
  })

  test('leaves a hook alone that was edited since, and so does uninstall', async () => {
    const repository = await aRepository()
    const hook = join(repository.folder, '.git/hooks/post-checkout')
    await writeFile(hook, '#!/bin/sh\necho before >&2\n', { mode: 0o755 })
    await repository.install()
    const edited = `${await readFile(hook, 'utf8')}# mine\n`
    await writeFile(hook, edited)
    assert.equal((await repository.install()).was, 'edited')
    const { stderr } = await repository.runlet(['worktree', 'uninstall'])
    assert.match(stderr, /was edited since it was installed, and is left as it is/)
    assert.match(stderr, /the hook that was there before is \S+before-runlet: /)
    assert.equal(await readFile(hook, 'utf8'), edited)
    const folder = await repository.worktree('w')
    assert.equal(await repository.note(folder), undefined, 'it only runs the hook from before')
    assert.equal((await repository.runlet(['worktree', 'install'])).code, 0)
    assert.equal(await readFile(hook, 'utf8'), edited)
  })

  test('leaves a hook alone that somebody else put in its place', async () => {
    const repository = await aRepository()
    const hook = join(repository.folder, '.git/hooks/post-checkout')
    await repository.install()
    await writeFile(hook, '#!/bin/sh\nexit 0\n')
    await repository.done(['worktree', 'uninstall'])
    assert.equal(await readFile(hook, 'utf8'), '#!/bin/sh\nexit 0\n')
  })

  test('refuses what it would have to guess', async () => {
    const repository = await aRepository()
    const hook = join(repository.folder, '.git/hooks/post-checkout')
    await writeFile(hook, 'one')
    await writeFile(`${hook}.before-runlet`, 'other')
    const { code, stderr } = await repository.runlet(['worktree', 'install'])
    assert.equal(code, 1)
    assert.match(stderr, /before-runlet" is there already.*ERR_RUNLET_REPOSITORY/)
    assert.deepEqual([await readFile(hook, 'utf8'), await readFile(`${hook}.before-runlet`, 'utf8')], ['one', 'other'])
    assert.equal((await repository.runlet(['worktree', 'install', '--on-removed', 'burn'])).code, 2)
    assert.equal(existsSync(join(repository.folder, '.git/runlet')), false)
  })

  test('that cannot put its hook is none', async () => {
    const repository = await aRepository()
    await writeFile(join(repository.folder, '.git/file'), '')
    await repository.git(['config', 'core.hooksPath', join(repository.folder, '.git/file')])
    await assert.rejects(repository.install(), /cannot be changed \(\w+\)/)
    assert.equal((await repository.status(await repository.worktree('w'))).new, false)
  })

  test('goes where core.hooksPath says, and follows it', async () => {
    const repository = await aRepository()
    await repository.install()
    await repository.git(['config', 'core.hooksPath', 'hooks'])
    const { hook } = await repository.install()
    assert.equal(hook, join(repository.folder, 'hooks/post-checkout'))
    assert.equal(existsSync(join(repository.folder, '.git/hooks/post-checkout')), false)
    assert.match((await repository.runlet(['worktree', 'install'])).stderr, /in each worktree: commit the hook/)
    await repository.git(['add', 'hooks'])
    await repository.git(['commit', '-qm', 'hook'])
    const folder = await repository.worktree('w')
    assert.equal(await repository.note(folder), 'w')
    const clone = await repository.git([
      'clone',
      '-q',
      '-c',
      'core.hooksPath=hooks',
      repository.folder,
      `${repository.folder}2`,
    ])
    assert.equal(clone.stderr, '', 'the committed hook does nothing where runlet is not installed')
  })

  test('leaves the hooks of other worktrees alone where each has its own', async () => {
    const repository = await aRepository()
    const mine = '#!/bin/sh\nexit 0\n'
    await mkdir(join(repository.folder, 'hooks'))
    await writeFile(join(repository.folder, 'hooks/post-checkout'), mine, { mode: 0o755 })
    await repository.git(['config', 'core.hooksPath', 'hooks'])
    await repository.install()
    await repository.git(['add', 'hooks'])
    await repository.git(['commit', '-qm', 'hook'])
    const there = new Repository(await repository.worktree('w'))
    assert.equal((await there.install()).was, 'installed')
    assert.equal((await uninstall(await repositoryAt(there.folder))).path, join(there.folder, 'hooks/post-checkout'))
    assert.equal(await readFile(join(there.folder, 'hooks/post-checkout'), 'utf8'), mine)
    assert.equal((await repository.git(['status', '--porcelain'])).stdout, '')
  })

  test('warns of what keeps worktrees from their namespaces', async () => {
    const repository = await aRepository()
    const { stderr } = await repository.runlet(['worktree', 'install'], { env: { RUNLET_NAMESPACE: 'main' } })
    assert.match(stderr, /RUNLET_NAMESPACE is set, and wins/)
    await rm(join(repository.folder, 'runlet.config.json'))
    assert.match((await repository.runlet(['worktree', 'install'])).stderr, /`runlet init` writes runlet\.config\.json/)
  })
})

/** Runs lines as the manager would, in a new worktree. */
const zeros = '0'.repeat(40)

describe('where a hook manager owns the hooks, runlet worktree install', AT_ONCE, () => {
  test('husky: prints lines for .husky/post-checkout, which work as husky runs them', async () => {
    const repository = await aRepository()
    await mkdir(join(repository.folder, '.husky/_'), { recursive: true })
    await repository.git(['config', 'core.hooksPath', '.husky/_'])
    const lines = await repository.done(['worktree', 'install'])
    assert.equal(existsSync(join(repository.folder, '.husky/_/post-checkout')), false)
    await writeFile(join(repository.folder, '.husky/post-checkout'), lines)
    const folder = await repository.worktree('w')
    const script = join(repository.folder, '.husky/post-checkout')
    const run = await startProgram('sh', ['-e', script, zeros, zeros, '1'], { cwd: folder }).ended
    assert.equal(run.code, 0, run.stderr)
    assert.equal(await repository.note(folder), 'w')
    const again = await repository.runlet(['worktree', 'install'])
    assert.deepEqual([again.stdout, /calls runlet already/.test(again.stderr)], ['', true])
    const { stderr } = await repository.runlet(['worktree', 'uninstall'])
    assert.match(stderr, /take the lines for runlet out of .*\.husky\/post-checkout/)
    assert.equal((await startProgram('sh', ['-e', script, zeros, zeros, '1'], { cwd: folder }).ended).code, 0)
  })

  test('lefthook: prints a command for its file, which works as lefthook runs it', async () => {
    const repository = await aRepository()
    await writeFile(join(repository.folder, 'lefthook.yml'), 'pre-commit: {}\n')
    const { stdout, stderr } = await repository.runlet(['worktree', 'install'])
    assert.match(stderr, /lefthook owns the hooks here, .* to lefthook\.yml, then run `lefthook install`/)
    const [top, commands, name, run = ''] = stdout.split('\n')
    assert.deepEqual([top, commands, name], ['post-checkout:', '  commands:', '    runlet:'])
    const command = run.replace(/^ {6}run: /, '').replace('{1} {2} {3}', `${zeros} ${zeros} 1`)
    const folder = await repository.worktree('w')
    const ended = await startProgram('sh', ['-c', command], { cwd: folder }).ended
    assert.equal(ended.code, 0, ended.stderr)
    assert.equal(await repository.note(folder), 'w')
  })

  test('lefthook: speaks the language of its file', async () => {
    const repository = await aRepository()
    const lines = async (file: string): Promise<string> => {
      await writeFile(join(repository.folder, file), '')
      const [wiring] = (await repository.install()).wirings
      await rm(join(repository.folder, file))
      return wiring?.lines.join('\n') ?? ''
    }
    const run = (await lines('lefthook.yml')).split('run: ')[1]
    assert.deepEqual(JSON.parse(`{${await lines('lefthook.json')}}`), {
      'post-checkout': { commands: { runlet: { run } } },
    })
    const [table, setting = ''] = (await lines('.lefthook.toml')).split('\n')
    assert.equal(table, '[post-checkout.commands.runlet]')
    assert.equal(JSON.parse(setting.replace(/^run = /, '')), run)
  })

  test('one that took the place of our hook: tells where the hook from before is', async () => {
    const repository = await aRepository()
    const hook = join(repository.folder, '.git/hooks/post-checkout')
    await writeFile(hook, '#!/bin/sh\nexit 0\n', { mode: 0o755 })
    await repository.install()
    await writeFile(hook, '#!/bin/sh\nexec lefthook run post-checkout "$@"\n')
    await writeFile(join(repository.folder, 'lefthook.yml'), '')
    assert.match(
      (await repository.runlet(['worktree', 'install'])).stderr,
      /before is \S+post-checkout\.before-runlet: /,
    )
    assert.equal((await uninstall(await repositoryAt(repository.folder))).before, `${hook}.before-runlet`)
  })

  test('pre-commit: prints a hook for its file, which works with what pre-commit sets', async () => {
    const repository = await aRepository()
    await writeFile(join(repository.folder, '.pre-commit-config.yaml'), 'repos: []\n')
    const { stdout, stderr } = await repository.runlet(['worktree', 'install'])
    assert.match(stderr, /then run `pre-commit install --hook-type post-checkout`/)
    assert.match(stdout, /stages: \[post-checkout\]\n {8}always_run: true\n/)
    const entry = /entry: (.*)\n/.exec(stdout)?.[1] ?? ''
    const folder = await repository.worktree('w')
    const env = { PRE_COMMIT_FROM_REF: zeros, PRE_COMMIT_TO_REF: zeros, PRE_COMMIT_CHECKOUT_TYPE: '1' }
    // It starts the words of the entry without a shell.
    const words = entry.match(/'[^']*'|\S+/g)?.map(word => word.replace(/^'|'$/g, '')) ?? []
    const [program = '', ...args] = words
    const ended = await startProgram(program, args, { cwd: folder, env }).ended
    assert.equal(ended.code, 0, ended.stderr)
    assert.equal(await repository.note(folder), 'w')
  })

  test('hooks of all repositories: prints lines, and writes nothing there', async () => {
    const repository = await aRepository()
    const shared = join(repository.above, 'shared')
    const global = join(repository.above, 'gitconfig')
    await writeFile(global, `[core]\n\thooksPath = ${shared}\n`)
    const { stdout, stderr } = await repository.runlet(['worktree', 'install'], { env: { GIT_CONFIG_GLOBAL: global } })
    assert.match(stderr, /core\.hooksPath is shared by your repositories/)
    assert.match(stdout, /^#!\/bin\/sh\nnote=/)
    await assert.rejects(stat(shared))
  })
})
