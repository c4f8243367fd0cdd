// `runlet` alone, in each place where it may be typed.
import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { AT_ONCE, aFolder, aPlace, callRunlet, RUNLET, startProgram } from './support.ts'

/** The commands that it proposes; it must say them on stdout alone, and exit with 0. */
async function proposedIn(cwd: string, env: NodeJS.ProcessEnv = {}): Promise<{ text: string; commands: string[] }> {
  const { code, stdout, stderr } = await callRunlet([], { cwd, env })
  assert.deepEqual([code, stderr], [0, ''])
  const commands = [...stdout.matchAll(/^ {2}(runlet .+?) {3}/gm)].map(([, command = '']) => command)
  return { text: stdout, commands }
}

const git = (cwd: string, ...args: string[]) =>
  startProgram('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd }).ended

describe('runlet alone', AT_ONCE, () => {
  test('says what to type first where there is no configuration, and makes nothing', async () => {
    const folder = await aFolder()
    const { text, commands } = await proposedIn(folder)
    assert.deepEqual(commands, ['runlet init', 'runlet run -- ./job.sh', 'runlet ls'])
    assert.match(text, /Nothing here says which store to use/)
    assert.match(text, /runlet --help.*runlet help VERB/)
    assert.deepEqual(await readdir(folder), [])
  })

  test('in a git repository without configuration proposes worktrees', async () => {
    const folder = await aFolder()
    await git(folder, 'init', '-q')
    const { commands } = await proposedIn(folder)
    assert.deepEqual(commands, ['runlet init', 'runlet run -- ./job.sh', 'runlet worktree install'])
  })

  test('names the namespace, the store and what says so', async () => {
    const { folder } = await aPlace()
    const { text, commands } = await proposedIn(folder)
    assert.ok(text.includes(`namespace main, store file:.runlet/store (${folder}/runlet.config.json)`), text)
    assert.deepEqual(commands, ['runlet run -- ./job.sh', 'runlet ls', 'runlet runs'])
  })

  test('asks no store: one that is away is named all the same', async () => {
    const env = { RUNLET_STORE: 's3://bucket/prefix?endpoint=http://127.0.0.1:1', RUNLET_NAMESPACE: 'main' }
    const { text } = await proposedIn(await aFolder(), env)
    assert.ok(text.includes(`namespace main, store ${env.RUNLET_STORE} (RUNLET_STORE and RUNLET_NAMESPACE)`), text)
  })

  test('in a worktree tells of its namespace: at first that it will have one, then which', async () => {
    const { folder } = await aPlace()
    await git(folder, 'init', '-q')
    await git(folder, 'commit', '-q', '--allow-empty', '-m', 'first')
    assert.deepEqual((await proposedIn(folder)).commands.at(-1), 'runlet worktree install')
    await callRunlet(['worktree', 'install'], { cwd: folder })
    await git(folder, 'worktree', 'add', '-q', '-b', 'parser', 'tree')
    const tree = join(folder, 'tree')
    const first = await proposedIn(tree)
    assert.match(first.text, /namespace main, .*, of which this worktree gets a child with its first command/)
    assert.deepEqual(first.commands, ['runlet ls', 'runlet worktree status', 'runlet worktree fold'])
    await callRunlet(['ls'], { cwd: tree })
    assert.match((await proposedIn(tree)).text, /namespace main\/parser-\w+, store file:.* \(the worktree .*\/tree\)/)
  })

  test('inside of a run names the run', async () => {
    const { folder, done } = await aPlace()
    await done(['run', '--id', 'r1', '--', 'sh', '-c', `${RUNLET} > "${folder}/said"`])
    assert.match(await readFile(join(folder, 'said'), 'utf8'), /^Inside of the run main\/r1, store /m)
  })

  test('where the configuration is wrong says so, with the remedy', async () => {
    const folder = await aFolder()
    await writeFile(join(folder, 'runlet.config.json'), '{')
    const { code, stdout, stderr } = await callRunlet([], { cwd: folder })
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, /^runlet: .*runlet\.config\.json: is not JSON.*runlet init.* \[ERR_RUNLET_CONFIG\]\n$/)
  })
})
