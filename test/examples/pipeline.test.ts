// The pipeline example as a user runs it: in a small repository, twice, the first time killed.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { execa } from 'execa'
import { openStore } from '../../lib/index.ts'

const PIPELINE = fileURLToPath(new URL('../../examples/pipeline/pipeline.ts', import.meta.url))
const TSCONFIG = fileURLToPath(new URL('../../tsconfig.json', import.meta.url))

describe('the pipeline example', () => {
  let home: string
  let repository: string
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
    })

  test('takes each commit through its phases, and does nothing twice', async () => {
    const commits = (await git('log', '--format=%h')).split('\n')
    const first = await pipeline()
    assert.deepEqual(
      first.stdout.split('\n').slice(0, 2).toSorted(),
      commits.map(commit => `${commit}: 5 new results`).toSorted(),
    )
    const second = await pipeline()
    assert.deepEqual(
      second.stdout.split('\n').slice(0, 2).toSorted(),
      commits.map(commit => `${commit}: 0 new results`).toSorted(),
    )

    const store = await openStore(`file:${join(home, 'store')}`)
    const namespace = await store.namespace('ci')
    const archive = gunzipSync((await namespace.get(`${commits[1]}/build.tar.gz`)) ?? new Uint8Array())
    assert.match(archive.toString(), /a\.txt[\s\S]*one/)
    assert.equal(Buffer.from((await namespace.get(`${commits[0]}/document.txt`)) ?? []).toString(), 'two\n')
    await store.close()
    assert.equal((await git('worktree', 'list')).split('\n').length, 1)
  })
})
