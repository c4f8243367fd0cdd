// The pipeline example as a user runs it: in a small repository, on what an earlier one left, and once more.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { execa } from 'execa'
import { openStore } from '../../lib/index.ts'
import { ROOT } from '../support/programs.ts'

const PIPELINE = join(ROOT, 'examples', 'pipeline', 'pipeline.ts')
const TSCONFIG = join(ROOT, 'tsconfig.json')

describe('the pipeline example', () => {
  let home: string
  let repository: string
  let commits: string[]
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'runlet-pipeline-test-'))
    repository = join(home, 'repository')
    await mkdir(repository)
    await git('init', '--quiet')
    for (const text of ['one', 'two']) {
      await writeFile(join(repository, 'a.txt'), text)
      await git('add', '.')
      await git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '--quiet', '-m', text)
    }
    commits = (await git('log', '--format=%h')).split('\n')
  })
  after(() => rm(home, { recursive: true, force: true }))

  const git = async (...args: string[]) => (await execa('git', args, { cwd: repository })).stdout
  const pipeline = () =>
    execa(process.execPath, ['--import', import.meta.resolve('tsx'), PIPELINE], {
      cwd: repository,
      env: {
        RUNLET_STORE: `file:${join(home, 'store')}`,
        RUNLET_NAMESPACE: 'ci',
        TSX_TSCONFIG_PATH: TSCONFIG,
        TMPDIR: home,
      },
      reject: false,
    })

  /** How many results each commit's run folded, in the order of the log. */
  async function folded(): Promise<number[]> {
    const lines = (await pipeline()).stdout.split('\n').slice(0, commits.length)
    return commits.map(commit =>
      Number(/: (\d) new results/.exec(lines.find(line => line.startsWith(commit)) ?? '')?.[1]),
    )
  }

  test('takes each commit through its phases whatever becomes of the others, goes on where it stopped, does nothing twice', async () => {
    const store = await openStore(`file:${join(home, 'store')}`)
    const namespace = await store.namespace('ci', { create: true })
    const stopped = await namespace.fork(commits[0] ?? '')
    await stopped.put(`${commits[0]}/plan.txt`, 'planned before')
    const { exitCode, stdout, stderr } = await pipeline()
    assert.equal(exitCode, 1, 'somebody has one of the runs')
    assert.match(stderr, /RUN_IN_USE/)
    assert.match(stdout, new RegExp(`^${commits[1]}: 5 new results$`, 'm'))
    await stopped.release()

    assert.deepEqual(await folded(), [5, 0])
    assert.deepEqual(await folded(), [0, 0])

    const textOf = async (path: string) => Buffer.from((await namespace.get(path)) ?? []).toString()
    assert.equal(await textOf(`${commits[0]}/plan.txt`), 'planned before')
    assert.equal(await textOf(`${commits[1]}/plan.txt`), 'a.txt')
    assert.equal(await textOf(`${commits[0]}/document.txt`), 'two\n')
    const archive = gunzipSync((await namespace.get(`${commits[1]}/build.tar.gz`)) ?? new Uint8Array())
    assert.match(archive.toString(), /a\.txt[\s\S]*one/)
    await store.close()
    assert.equal((await git('worktree', 'list')).split('\n').length, 1)
  })

  test('killed, leaves no worktree to the next one', async () => {
    const folder = await realpath(home)
    const dead = spawnSync(process.execPath, ['--version']).pid
    const [left, live] = [dead, process.pid].map(pid => join(folder, `runlet-pipeline-${pid}-${commits[0]}`))
    for (const worktree of [left, live]) await git('worktree', 'add', '--quiet', '--detach', worktree ?? '')
    await pipeline()
    assert.equal(existsSync(left ?? ''), false)
    const listed = await git('worktree', 'list')
    assert.deepEqual([listed.includes(`-${dead}-`), listed.includes(`-${process.pid}-`)], [false, true])
    await git('worktree', 'remove', live ?? '')
  })
})
