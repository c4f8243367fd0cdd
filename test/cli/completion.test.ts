// TAB in real shells: what is offered, and that pressing it neither runs nor makes anything.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { aShell, missing, type Shell, type ShellName } from './shells.ts'
import { AT_ONCE, aFolder, aPlace, type Place, startProgram, startRunlet } from './support.ts'

for (const name of ['bash', 'zsh', 'fish'] as const satisfies readonly ShellName[]) {
  const skip = missing(name) ?? false
  describe(`TAB in ${name}`, { skip }, () => {
    let place: Place
    let shell: Shell
    before(async () => {
      place = await aPlace()
      for (const id of ['import-7', 'import-8']) await (await place.main.fork(id)).release()
      for (const file of ['report.csv', 'notes.txt']) await writeFile(join(place.folder, file), '')
      shell = await aShell(name, { cwd: place.folder })
    })
    after(() => shell.close())

    const CASES: [what: string, line: string, shown: RegExp][] = [
      ['a verb', 'runlet wo', /runlet worktree /],
      ['a verb of a group', 'runlet worktree in', /runlet worktree install /],
      ['a verb behind options', 'runlet -q --namespace main wo', /runlet -q --namespace main worktree /],
      ['a verb to be helped with', 'runlet help worktree in', /runlet help worktree install /],
      ['what an option can be', 'runlet run --on-error ', /(?=.*\bkeep\b)(?=.*\bdiscard\b)(?=.*\bfold\b)/s],
      ['what an option can be, behind "="', 'runlet run --on-error=k', /runlet run --on-error=keep /],
      ['an option', 'runlet run --on-e', /runlet run --on-error /],
      ['the policy of a glob', 'runlet fold x --on-conflict=logs=uni', /--on-conflict=logs=union-lines /],
      ['a file where one is expected', 'runlet get a --output rep', /runlet get a --output report\.csv /],
      ['a file of an argument', 'runlet put a rep', /runlet put a report\.csv /],
      ['the open runs', 'runlet fold ', /(?=.*\bimport-7\b)(?=.*\bimport-8\b)/s],
      ['a program behind --', 'runlet run -- only-', /runlet run -- only-here /],
      ['a file for that program', 'runlet run --timeout=1m -- only-here rep', /-- only-here report\.csv /],
    ]
    for (const [what, line, shown] of CASES) test(`completes ${what}`, () => shell.offers(line, shown))

    test('runs nothing that stands on the line', async () => {
      await shell.tab('runlet put --namespace "$(touch evil)" --message "`touch evil`" ')
      assert.ok(!(await readdir(place.folder)).includes('evil'))
    })
  })
}

const NESTED = ['runlet run --timeout=1m -- runlet worktree in', /-- runlet worktree install /] as const
const BASH_COMPLETION = '/usr/share/bash-completion/bash_completion'
const WAYS: [name: ShellName, setUp: string | undefined, what: string][] = [
  ['bash', `source ${BASH_COMPLETION}; source <(runlet completion bash)`, 'where bash-completion is loaded'],
  ['zsh', 'fpath=(~/bin $fpath); runlet completion zsh > "$fpath[1]/_runlet"', 'found in fpath'],
  ['fish', undefined, 'by its own means'],
]

for (const [name, setUp, what] of WAYS) {
  const gone = name === 'bash' && !existsSync(BASH_COMPLETION) && 'bash-completion is not installed: nothing was tested'
  test(`${name} completes what a program behind -- completes, ${what}`, { skip: missing(name) ?? gone }, async () => {
    const shell = await aShell(name, { cwd: await aFolder(), ...(setUp && { setUp }) })
    try {
      await shell.offers(...NESTED)
    } finally {
      shell.close()
    }
  })
}

describe('the answer to a TAB', AT_ONCE, () => {
  const ask = (words: string[], options: Parameters<typeof startRunlet>[1] = {}) =>
    startRunlet(['__complete', '--', ...words], options).ended
  const NOTHING = { code: 0, stdout: '', stderr: '' }

  test('is nothing where there is no configuration', async () => {
    assert.deepEqual(await ask(['fold', ''], { cwd: await aFolder() }), NOTHING)
  })

  test('makes no store where the configuration names one that is not there', async () => {
    const cwd = await aFolder()
    assert.deepEqual(await ask(['--store', 'file:./store', '--namespace', 'main', 'fold', ''], { cwd }), NOTHING)
    assert.deepEqual(await readdir(cwd), [])
  })

  test('is nothing when the store does not answer', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const store = `s3://bucket/prefix?endpoint=http://127.0.0.1:${port}&region=us-east-1`
    const env = { ...process.env, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }
    const { code, stdout, stderr } = await ask(['--store', store, '--namespace', 'main', 'fold', ''], { env })
    silent.close()
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'values\n', stderr: '' })
  })

  test('forks nothing for a new worktree', async () => {
    const { folder, main } = await aPlace()
    const git = (...args: string[]) => startProgram('git', ['-C', folder, ...args]).ended
    await git('init', '-q')
    await git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'first')
    assert.equal((await startRunlet(['worktree', 'install'], { cwd: folder }).ended).code, 0)
    await git('worktree', 'add', '-q', 'tree')
    assert.deepEqual(await ask(['fold', ''], { cwd: join(folder, 'tree') }), { ...NOTHING, stdout: 'values\n' })
    assert.deepEqual(await main.runs(), [])
  })

  test('names the pollers of this user', async () => {
    const home = await aFolder()
    await mkdir(join(home, 'runlet/pollers/mail'), { recursive: true })
    const { stdout } = await ask(['poller', 'logs', ''], { env: { XDG_STATE_HOME: home } })
    assert.equal(stdout, 'values\nmail\n')
  })

  test('of names the namespace and the store that the line gives', async () => {
    const { folder, main } = await aPlace()
    const run = await main.fork('outer')
    await (await run.fork('inner')).release()
    const words = ['--store', `file:${folder}/.runlet/store`, 'fold', '--namespace=main/outer', '']
    assert.equal((await ask(words, { cwd: await aFolder() })).stdout, 'values\ninner\n')
    await run.release()
  })

  test('loads no library where the tree alone tells it', async () => {
    const coverage = await aFolder()
    await ask(['run', '--on-error', ''], { env: { NODE_V8_COVERAGE: coverage } })
    const [report = ''] = await readdir(coverage)
    assert.doesNotMatch(await readFile(join(coverage, report), 'utf8'), /zod|aws-sdk|execa|lib\/runlet/)
  })
})
