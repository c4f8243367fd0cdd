// The post-checkout hook with real git: what it notes, what it starts, and that nothing that git does fails or changes because of it.
import assert from 'node:assert/strict'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { AT_ONCE } from '../cli/support.ts'
import {
  aFolder,
  aNamespace,
  anInstalled,
  aRepository,
  aWatchedPath,
  dateBack,
  Repository,
  startProgram,
} from './support.ts'

const SAYS = /runlet: this worktree gets a namespace of its own/

describe('the hook', AT_ONCE, () => {
  test('notes a new worktree and its branch, with sh and git alone; nothing shows in the working tree', async () => {
    const repository = await anInstalled()
    const { env, started } = await aWatchedPath()
    const folder = join(repository.above, 'w')
    const { stderr } = await repository.git(['worktree', 'add', '-b', 'feature/ä', folder], { env })
    assert.match(stderr, SAYS)
    assert.equal(await repository.note(folder), 'feature/ä')
    assert.equal((await repository.git(['status', '--porcelain', '--ignored'], { cwd: folder })).stdout, '')
    const calls = await started()
    assert.deepEqual([...new Set(calls.map(call => call.split(' ')[0]))], ['git'])
    assert.ok(calls.length <= 4, calls.join('\n')) // the one that was called here, and three for the hook
  })

  test('takes less than 200 ms of a processor, however many others want it', async () => {
    const repository = await anInstalled()
    const folder = join(repository.above, 'w')
    await repository.git(['-c', 'core.hooksPath=/dev/null', 'worktree', 'add', '-q', folder])
    const hook = join(repository.folder, '.git/hooks/post-checkout')
    const script = `"$0" ${'0'.repeat(40)} HEAD 1; times`
    const { stdout, stderr } = await startProgram('sh', ['-c', script, hook], { cwd: folder }).ended
    assert.match(stderr, SAYS)
    const [, user, system] = /^.*\n\d+m([\d.]+)s \d+m([\d.]+)s\n$/.exec(stdout) ?? []
    const ms = (Number(user) + Number(system)) * 1000
    assert.ok(ms < 200, `${ms} ms`)
  })

  test('starts nothing at all for checkouts, switches, rebases and bisects', async () => {
    const repository = await anInstalled()
    for (const n of [1, 2, 3, 4]) {
      await writeFile(join(repository.folder, 'a.txt'), `${n}\n`)
      await repository.git(['commit', '-qam', String(n)])
    }
    await repository.git(['branch', 'side', 'HEAD~2'])
    const { env, started } = await aWatchedPath()
    const commands = [
      ['checkout', '-q', 'side'],
      ['switch', '-q', '-c', 'other'],
      ['commit', '-q', '--allow-empty', '-m', 'x'],
      ['checkout', '-q', '--', 'a.txt'],
      ['rebase', '-q', 'trunk'],
      ['checkout', '-q', '--detach'],
      ['bisect', 'start', '-q', 'HEAD', 'HEAD~3'],
      ['bisect', 'good'],
      ['bisect', 'reset'],
      ['checkout', '-q', '--orphan', 'fresh'],
    ]
    for (const command of commands) {
      const { stderr } = await repository.git(command, { env })
      assert.doesNotMatch(stderr, /runlet/)
    }
    const direct = (await started()).filter(call => commands.some(command => call === `git ${command.join(' ')}`))
    // Rebase and bisect call git themselves; of the hook's own calls there is none.
    assert.equal(direct.length, commands.length)
    assert.deepEqual(
      (await started()).filter(call => /rev-parse --git-(common-)?dir|symbolic-ref|^(node|runlet|npx)/.test(call)),
      [],
    )
    // From an unborn branch it looks like a new worktree: it is the main one.
    await repository.git(['checkout', '-q', 'trunk'], { env })
    assert.equal(await repository.note(repository.folder), undefined)
  })

  test('says nothing of a worktree that is older than the installation, also when it comes from an unborn branch', async () => {
    const repository = await aRepository()
    const folder = await repository.worktree('w')
    await dateBack(join(await repository.gitDir(folder), 'commondir'), 2020)
    await repository.install()
    await repository.git(['checkout', '-q', '--orphan', 'fresh'], { cwd: folder })
    const { stderr } = await repository.git(['checkout', '-q', '-f', 'w'], { cwd: folder })
    assert.equal(stderr, '')
    assert.equal(await repository.note(folder), undefined)
  })

  test('notes ten worktrees that are added at once, each with its branch', async () => {
    const repository = await anInstalled()
    const names = Array.from({ length: 10 }, (_, i) => `w${i}`)
    const folders = await Promise.all(names.map(name => repository.worktree(name, `b/${name}`)))
    assert.deepEqual(
      await Promise.all(folders.map(repository.note)),
      names.map(name => `b/${name}`),
    )
  })

  test('keeps quiet in submodules and clones', async () => {
    const [inner, outer] = [await aRepository(), await anInstalled()]
    const allow = ['-c', 'protocol.file.allow=always']
    const { stderr } = await outer.git([...allow, 'submodule', 'add', '-q', inner.folder, 'sub'])
    assert.doesNotMatch(stderr, /runlet/)
    await outer.git(['commit', '-qm', 'sub'])
    const folder = await outer.worktree('w')
    assert.doesNotMatch(
      (await outer.git([...allow, 'submodule', 'update', '--init', '-q'], { cwd: folder })).stderr,
      /runlet/,
    )
    assert.equal(await outer.note(join(folder, 'sub')), undefined)
    const clone = await outer.git(['clone', '-q', outer.folder, join(outer.above, 'clone')])
    assert.doesNotMatch(clone.stderr, /runlet/)
  })

  test('works in a bare repository', async () => {
    const repository = await aRepository()
    const bare = new Repository(join(repository.above, 'bare.git'))
    await repository.git(['clone', '-q', '--bare', repository.folder, bare.folder])
    await bare.done(['worktree', 'install'])
    const folder = await bare.worktree('w', 'of-bare')
    assert.equal(await bare.note(folder), 'of-bare')
    assert.match((await bare.runlet(['ls'], { cwd: folder })).stderr, /namespace "main" does not exist/)
    await aNamespace('main', `file:${bare.folder}/.runlet/store`)
    await bare.put('x', 'x', folder)
    assert.equal((await bare.status(folder)).store, `file:${bare.folder}/.runlet/store`)
  })

  test('works in a bare repository with its worktrees beside it, which share the store of the folder around them', async () => {
    const repository = await aRepository()
    const project = new Repository(join(repository.above, 'project'))
    await repository.git(['clone', '-q', '--bare', repository.folder, join(project.folder, '.bare')])
    await writeFile(join(project.folder, '.git'), 'gitdir: ./.bare\n')
    await project.install()
    const store = await aNamespace('main', `file:${project.folder}/.runlet/store`)
    const folder = join(project.folder, 'w')
    await project.git(['worktree', 'add', '-q', '-b', 'w', folder])
    await project.put('x', 'x', folder)
    assert.equal((await project.status(folder)).store, store)
  })

  test('exits 0 and says why when it cannot write its note', async () => {
    const repository = await anInstalled()
    const folder = await repository.worktree('w')
    const gitDir = await repository.gitDir(folder)
    await rm(join(gitDir, 'runlet'), { recursive: true })
    const zeros = '0'.repeat(40)
    const failing = await aFolder()
    await writeFile(join(failing, 'mkdir'), '#!/bin/sh\necho "mkdir: no space left" >&2\nexit 1\n', { mode: 0o755 })
    const env = { PATH: `${failing}:${process.env.PATH}` }
    const { code, stderr } = await startProgram(
      join(repository.folder, '.git/hooks/post-checkout'),
      [zeros, zeros, '1'],
      {
        cwd: folder,
        env,
      },
    ).ended
    assert.equal(code, 0)
    assert.match(stderr, /^runlet: cannot write to .*; the first runlet command in this worktree tries again\n$/)
    await repository.put('x', '1', folder)
    assert.match((await repository.status(folder)).namespace, /^main\/w-/)
  })

  test('does not ask the store: it may be away', async () => {
    const repository = await anInstalled()
    const nowhere = '{"store":"s3://bucket?endpoint=http://127.0.0.1:1","namespace":"main"}'
    await writeFile(join(repository.folder, 'runlet.config.json'), nowhere)
    await repository.git(['commit', '-qam', 'away'])
    const folder = await repository.worktree('w')
    assert.equal(await repository.note(folder), 'w')
    await writeFile(join(folder, 'runlet.config.json'), '{ broken')
    assert.equal((await repository.runlet(['ls'], { cwd: folder })).code, 2)
  })

  test('runs the hook that was there first, with its arguments and standard input, and its exit status is the end', async () => {
    const repository = await aRepository()
    const hook = join(repository.folder, '.git/hooks/post-checkout')
    await mkdir(join(repository.folder, '.git/hooks'), { recursive: true })
    await writeFile(hook, '#!/bin/sh\necho "before: $*; $(cat)" >> "$LOG"\nexit 7\n', { mode: 0o755 })
    await repository.install()
    const env = { LOG: join(repository.above, 'log') }
    const zeros = '0'.repeat(40)
    const folder = join(repository.above, 'w')
    const added = await startProgram('git', ['worktree', 'add', '-q', '-b', 'w', folder], {
      cwd: repository.folder,
      env,
    }).ended
    assert.equal(added.code, 7)
    assert.match(added.stderr, SAYS)
    assert.equal(await repository.note(folder), 'w')
    const direct = await startProgram(hook, ['1', '2', '0'], { cwd: repository.folder, env, input: 'in' }).ended
    assert.equal(direct.code, 7)
    const fresh = await startProgram(hook, [zeros, '2', '1'], { cwd: repository.folder, env, input: 'fresh' }).ended
    assert.equal(fresh.code, 7)
    const lines = (await readFile(env.LOG, 'utf8')).trim().split('\n')
    assert.match(lines[0] ?? '', new RegExp(`^before: ${zeros} [0-9a-f]{40} 1; $`))
    assert.deepEqual(lines.slice(1), ['before: 1 2 0; in', `before: ${zeros} 2 1; fresh`])
    assert.equal((await stat(`${hook}.before-runlet`)).mode & 0o777, 0o755)
  })
})
