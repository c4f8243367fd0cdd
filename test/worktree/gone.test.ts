// Worktrees that were removed, as `runlet sweep` finds them, and live ones, which it leaves alone.
import assert from 'node:assert/strict'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, test } from 'node:test'
import { sweepWorktrees } from '../../lib/integrations/worktree/gone.ts'
import { claim, type OnRemoved } from '../../lib/integrations/worktree/records.ts'
import { newAttachment } from '../../lib/integrations/worktree/use.ts'
import { checkoutOf } from '../../lib/integrations/worktree/worktree.ts'
import { AT_ONCE, contentOf } from '../cli/support.ts'
import { anInstalled, type Repository } from './support.ts'

const DAY = 86_400_000
const HOUR = 3_600_000

/** A worktree with something in its namespace. */
async function aUsed(repository: Repository, name: string, onRemoved: OnRemoved): Promise<string> {
  await repository.install(onRemoved)
  const cwd = await repository.worktree(name)
  await repository.put(name, name, cwd)
  return cwd
}

/** What `runlet sweep` does of worktrees, without a process. */
async function sweep(repository: Repository, { dryRun = false, keepDays = 14, namespace }: SweepOptions = {}) {
  const store = await repository.store()
  const gone = await sweepWorktrees(store, repository.folder, { dryRun, keepMs: keepDays * DAY, namespace })
  return Object.fromEntries(gone.map(({ worktree, done }) => [worktree.split('/').at(-1), done]))
}

interface SweepOptions {
  readonly dryRun?: boolean
  readonly keepDays?: number
  readonly namespace?: string
}

const records = async (repository: Repository) => readdir(join(repository.folder, '.git/runlet/worktrees'))

/** Changes what is remembered of the only worktree. */
async function remember(repository: Repository, change: (record: Record<string, number>) => object): Promise<void> {
  const [name = ''] = await records(repository)
  const path = join(repository.folder, '.git/runlet/worktrees', name)
  const record = JSON.parse(await readFile(path, 'utf8'))
  await writeFile(path, JSON.stringify({ ...record, ...change(record) }))
}

describe('a sweep', AT_ONCE, () => {
  test('does with worktrees that were removed what was chosen, and leaves those that are there', async () => {
    const repository = await anInstalled()
    const folders = new Map<string, string>()
    for (const onRemoved of ['fold', 'discard', 'keep'] as const)
      for (const how of ['git', 'rm', 'live'])
        folders.set(`${onRemoved}-${how}`, await aUsed(repository, `${onRemoved}-${how}`, onRemoved))
    for (const [name, folder] of folders) {
      if (name.endsWith('git')) await repository.git(['worktree', 'remove', '--force', folder])
      if (name.endsWith('rm')) await rm(folder, { recursive: true })
    }
    const expected = {
      'fold-git': 'folded',
      'fold-rm': 'folded',
      'discard-git': 'discarded',
      'discard-rm': 'discarded',
      'keep-git': 'kept',
      'keep-rm': 'kept',
    }
    assert.deepEqual(await sweep(repository, { dryRun: true }), expected)
    assert.deepEqual(await sweep(repository, { namespace: 'other' }), {})
    const before = (await records(repository)).length
    const told = await repository.done(['sweep'], { cwd: folders.get('keep-live') ?? '' })
    for (const [name, done] of Object.entries(expected)) {
      assert.match(told, new RegExp(`^main/${name}-\\S+ \\(of \\S+, which is gone\\) (was|is) ${done}$`, 'm'))
    }
    assert.equal((await records(repository)).length, before - 4)
    assert.deepEqual(await contentOf(await repository.main()), { 'fold-git': 'fold-git', 'fold-rm': 'fold-rm' })
    assert.deepEqual(await sweep(repository), { 'keep-git': 'kept', 'keep-rm': 'kept' })
    for (const [name, cwd] of folders) {
      if (name.endsWith('live')) assert.match(await repository.paths(cwd), new RegExp(`\\b${name}\\b`))
    }
  })

  test('leaves a locked worktree, whose disk may not be plugged in, and one of another machine', async () => {
    const repository = await anInstalled()
    const locked = await aUsed(repository, 'locked', 'discard')
    await repository.git(['worktree', 'lock', locked])
    await rename(locked, `${locked}-unplugged`)
    assert.deepEqual(await sweep(repository), {})
    await repository.git(['worktree', 'unlock', locked])
    await remember(repository, () => ({ host: 'another.example.org' }))
    assert.deepEqual(await sweep(repository), {})
    assert.equal((await (await repository.main()).runs()).length, 1)
  })

  test('finds a worktree that was moved by git, and one whose name was given to another', async () => {
    const repository = await anInstalled()
    const moved = await aUsed(repository, 'moved', 'discard')
    await repository.git(['worktree', 'move', moved, `${moved}-away`])
    assert.deepEqual(await sweep(repository), {})
    const shown = await repository.done(['worktree', 'status'], { cwd: `${moved}-away` })
    assert.match(shown, /^worktree {3}\S+\/moved-away \(moved\)$/m)
    await repository.git(['worktree', 'remove', '--force', `${moved}-away`])
    await repository.git(['worktree', 'add', '-q', moved, 'moved'])
    await repository.put('again', '1', moved)
    assert.deepEqual(await sweep(repository), { moved: 'discarded' })
    assert.equal(await repository.paths(moved), 'again')
  })

  test('leaves a worktree to which git has a relative path, as newer versions of it write on request', async () => {
    const repository = await anInstalled()
    const cwd = await aUsed(repository, 'w', 'discard')
    const gitDir = await repository.gitDir(cwd)
    await writeFile(join(gitDir, 'gitdir'), `${relative(gitDir, join(cwd, '.git'))}\n`)
    assert.deepEqual(await sweep(repository), {})
    await rm(cwd, { recursive: true })
    assert.deepEqual(await sweep(repository), { w: 'discarded' })
  })

  test('drops what was kept when its time is over, counted from when the worktree was found gone', async () => {
    const repository = await anInstalled()
    await repository.git(['worktree', 'remove', '--force', await aUsed(repository, 'w', 'keep')])
    assert.deepEqual(await sweep(repository), { w: 'kept' })
    await remember(repository, ({ goneAt = 0 }) => ({ goneAt: goneAt - 15 * DAY }))
    assert.deepEqual(await sweep(repository, { keepDays: 30 }), { w: 'kept' })
    assert.deepEqual(await sweep(repository), { w: 'discarded' })
    assert.deepEqual(await records(repository), [])
  })

  test('ends what a killed first command has forked half-way, once no command can be at it any more, whatever was chosen', async () => {
    const repository = await anInstalled()
    const folder = await aUsed(repository, 'w', 'keep')
    // Killed between its fork and its note of that.
    await remember(repository, () => ({ forked: false }))
    await repository.git(['worktree', 'remove', '--force', folder])
    assert.deepEqual(await sweep(repository), {})
    assert.equal((await records(repository)).length, 1)
    assert.equal((await (await repository.main()).runs()).length, 1)
    await remember(repository, ({ at = 0 }) => ({ at: at - HOUR }))
    await sweep(repository, { dryRun: true })
    assert.equal((await (await repository.main()).runs()).length, 1)
    await sweep(repository)
    assert.deepEqual([await records(repository), await (await repository.main()).runs()], [[], []])
  })

  test('forgets what a first command that was killed before its fork had only chosen a name for', async () => {
    const repository = await anInstalled()
    const folder = await repository.worktree('w')
    const about = { namespace: 'main/w-1' as never, branch: 'w', main: repository.folder, onRemoved: 'fold' as const }
    const checkout = await checkoutOf(folder)
    await claim(checkout, newAttachment(await repository.store(), checkout, about))
    await repository.git(['worktree', 'remove', '--force', folder])
    assert.deepEqual(await sweep(repository), {})
    assert.equal((await records(repository)).length, 1)
    await remember(repository, ({ at = 0 }) => ({ at: at - HOUR }))
    assert.deepEqual(await sweep(repository), {})
    assert.deepEqual(await records(repository), [])
  })

  test('keeps what it could not fold, says why, and tries again', async () => {
    const repository = await anInstalled()
    const folder = await aUsed(repository, 'w', 'fold')
    await repository.put('w', "main's")
    await repository.git(['worktree', 'remove', '--force', folder])
    const { stdout } = await repository.runlet(['sweep'])
    assert.match(stdout, /\(of \S+\/w, which is gone\) is kept: .*somebody else/)
    await repository.done(['rm', 'w'])
    const [run] = await (await repository.main()).runs()
    await repository.done(['fold', run?.id ?? '', '--on-conflict', 'theirs'])
    await repository.done(['sweep'])
    assert.deepEqual(await records(repository), [])
  })

  test('gives a sign of life for worktrees that are there, once a day, which every sweep anywhere sees', async () => {
    const repository = await anInstalled()
    await aUsed(repository, 'w', 'discard')
    const lease = async () => {
      const [run] = await (await repository.main()).runs()
      const path = join(repository.folder, '.runlet/store')
      const files = (await readdir(path, { recursive: true })).filter(file => file.includes(`${run?.id}/_/lease/owner`))
      return files.sort().join()
    }
    const before = await lease()
    await sweep(repository)
    assert.equal(await lease(), before)
    await remember(repository, ({ at = 0 }) => ({ at: at - 2 * DAY }))
    await sweep(repository, { dryRun: true })
    assert.equal(await lease(), before)
    await sweep(repository)
    const after = await lease()
    assert.notEqual(after, before)
    await sweep(repository)
    assert.equal(await lease(), after)
    const [run] = await (await repository.main()).runs()
    assert.deepEqual([run?.state, run?.owner], ['open', undefined])
  })
})
