// Worktrees that were removed, as `runlet sweep` finds them, and live ones, which it leaves alone.
import assert from 'node:assert/strict'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { OnRemoved } from '../../lib/integrations/worktree/records.ts'
import { AT_ONCE, contentOf } from '../cli/support.ts'
import { aFolder, anInstalled, type Repository } from './support.ts'

const DAY = 86_400_000

/** A worktree with something in its namespace. */
async function aUsed(repository: Repository, name: string, onRemoved: OnRemoved): Promise<string> {
  await repository.done(['worktree', 'install', '--on-removed', onRemoved])
  const cwd = await repository.worktree(name)
  await repository.done(['put', name], { cwd, input: name })
  return cwd
}

async function sweep(repository: Repository, args: string[] = [], cwd = repository.folder) {
  const report = JSON.parse(await repository.done(['sweep', '--json', ...args], { cwd }))
  const worktrees: { worktree: string; done: string; problem?: string }[] = report.worktrees
  return Object.fromEntries(worktrees.map(({ worktree, done }) => [worktree.split('/').at(-1), done]))
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
    assert.deepEqual(await sweep(repository, ['--dry-run']), expected)
    assert.deepEqual(await sweep(repository, ['--namespace', 'other'], await aFolder()).catch(() => ({})), {})
    const before = (await records(repository)).length
    assert.deepEqual(await sweep(repository, [], folders.get('keep-live')), expected)
    assert.equal((await records(repository)).length, before - 4)
    assert.deepEqual(await contentOf(await repository.main()), { 'fold-git': 'fold-git', 'fold-rm': 'fold-rm' })
    assert.deepEqual(await sweep(repository), { 'keep-git': 'kept', 'keep-rm': 'kept' })
    for (const [name, cwd] of folders) {
      if (name.endsWith('live')) assert.match(await repository.done(['ls'], { cwd }), new RegExp(`^${name}$`, 'm'))
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
    await repository.git(['worktree', 'remove', '--force', `${moved}-away`])
    await repository.git(['worktree', 'add', '-q', moved, 'moved'])
    await repository.done(['put', 'again'], { cwd: moved, input: '1' })
    assert.deepEqual(await sweep(repository), { moved: 'discarded' })
    assert.equal(await repository.done(['ls'], { cwd: moved }), 'again\n')
  })

  test('drops what was kept when its time is over, counted from when the worktree was found gone', async () => {
    const repository = await anInstalled()
    await repository.git(['worktree', 'remove', '--force', await aUsed(repository, 'w', 'keep')])
    assert.deepEqual(await sweep(repository), { w: 'kept' })
    await remember(repository, ({ goneAt = 0 }) => ({ goneAt: goneAt - 15 * DAY }))
    assert.deepEqual(await sweep(repository, ['--keep', '30d']), { w: 'kept' })
    assert.deepEqual(await sweep(repository), { w: 'discarded' })
    assert.deepEqual(await records(repository), [])
  })

  test('keeps what it could not fold, says why, and tries again', async () => {
    const repository = await anInstalled()
    const folder = await aUsed(repository, 'w', 'fold')
    await repository.done(['put', 'w'], { input: "main's" })
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
    await sweep(repository, ['--dry-run'])
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
