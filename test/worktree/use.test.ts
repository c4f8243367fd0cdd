// Worktrees and their namespaces, as somebody uses them: every command in a worktree works on that worktree's own.
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { AT_ONCE, contentOf, documents, LIBRARY, RUNLET } from '../cli/support.ts'
import { aFolder, aNamespace, anInstalled, aRepository, dateBack, Repository, startProgram } from './support.ts'

const FORKED = /runlet: forked main\/(\S+) for the worktree/

describe('the first command in a new worktree', AT_ONCE, () => {
  test('forks a namespace that is named after the branch, and every command after it uses that', async () => {
    const repository = await anInstalled()
    await repository.put('a', "main's")
    const cwd = await repository.worktree('w', 'feature/ä😀')
    const first = await repository.alone(['put', 'b'], { cwd, input: "w's" })
    const [, id] = FORKED.exec(first.stderr) ?? []
    assert.match(id ?? '', /^feature-a-[a-z0-9]{8}$/)
    await mkdir(join(cwd, 'deep/er'), { recursive: true })
    for (const at of [cwd, join(cwd, 'deep/er')]) {
      assert.equal(await repository.paths(at), 'a b')
      assert.equal(await repository.done(['get', 'b'], { cwd: at }), "w's")
    }
    await repository.alone(['run', '-q', '--', 'sh', '-c', `echo run > "$RUNLET_DIR/c"; ${RUNLET} put d < /dev/null`], {
      cwd,
    })
    await repository.done(['pull', '--dir', 'copy'], { cwd })
    await writeFile(join(cwd, 'copy/e'), 'pushed')
    await repository.done(['push', '--dir', 'copy'], { cwd })
    assert.equal(await repository.paths(cwd), 'a b c d e')
    assert.equal(await repository.paths(), 'a', 'the main worktree uses what the configuration says')
    assert.equal((await repository.git(['status', '--porcelain'], { cwd })).stdout, '?? copy/\n')
    assert.equal((await readdir(cwd)).includes('.runlet'), false, 'the store is shared, not one in each worktree')
  })

  test('finds a configuration that is not committed in the main worktree', async () => {
    const repository = await anInstalled({ commits: false })
    const cwd = await repository.worktree('w')
    await repository.done(['put', 'b'], { cwd, input: '1' })
    assert.equal(await repository.paths(), '')
    assert.deepEqual((await (await repository.main()).runs()).length, 1)
  })

  test('is one of several at once: all use the same namespace, and no two worktrees share one', async () => {
    const repository = await anInstalled()
    const folders = await Promise.all(['x', 'y'].map(name => repository.worktree(name, `same/${name}`)))
    await Promise.all(folders.flatMap(cwd => ['1', '2'].map(n => repository.alone(['put', n], { cwd, input: n }))))
    for (const cwd of folders) assert.equal(await repository.paths(cwd), '1 2')
    const runs = await (await repository.main()).runs()
    assert.equal(runs.length, 2)
    const used = await Promise.all(folders.map(async cwd => (await repository.status(cwd)).namespace))
    assert.deepEqual(new Set(used), new Set(runs.map(run => run.name)))
  })

  test('may fail for a store that is not there: the next one does it', async () => {
    const repository = await anInstalled()
    const cwd = await repository.worktree('w')
    const config = join(cwd, 'runlet.config.json')
    const right = await readFile(config, 'utf8')
    await writeFile(config, '{"store":"file:.runlet/store","namespace":"other"}')
    const failed = await repository.runlet(['ls'], { cwd })
    assert.equal(failed.code, 1)
    assert.match(failed.stderr, /namespace "other" does not exist/)
    await writeFile(config, right)
    assert.match((await repository.runlet(['ls'], { cwd })).stderr, FORKED)
    assert.match(String((await repository.status(cwd)).namespace), /^main\/w-/)
  })

  test('goes on with what a killed one had forked and not noted', async () => {
    const repository = await anInstalled()
    const cwd = await repository.worktree('w')
    await repository.put('b', '1', cwd)
    const records = join(repository.folder, '.git/runlet/worktrees')
    const [name = ''] = await readdir(records)
    const record = JSON.parse(await readFile(join(records, name), 'utf8'))
    await writeFile(join(records, name), JSON.stringify({ ...record, forked: false }))
    assert.equal(await repository.paths(cwd), 'b')
    assert.equal((await repository.status(cwd)).namespace, record.namespace)
  })

  test('may be in a worktree that the hook did not see: git runs none without a checkout, or from a folder that is not there', async () => {
    const repository = await anInstalled()
    const bare = await repository.worktree('bare', 'bare', ['--no-checkout'])
    await repository.git(['config', 'core.hooksPath', '.husky/_'])
    const unseen = await repository.worktree('unseen')
    for (const cwd of [bare, unseen]) {
      assert.equal(await repository.note(cwd), undefined)
      assert.match((await repository.runlet(['ls'], { cwd })).stderr, FORKED)
    }
  })

  test('in a worktree that is older than the installation, or with no installation, changes nothing', async () => {
    const repository = await aRepository({ commits: false })
    await repository.put('a', '1')
    const cwd = await repository.worktree('w')
    await dateBack(join(await repository.gitDir(cwd), 'commondir'), 2020)
    await writeFile(join(cwd, 'runlet.config.json'), await readFile(join(repository.folder, 'runlet.config.json')))
    assert.equal((await repository.runlet(['ls'], { cwd })).code, 1, 'its own folder has no store')
    await repository.install()
    assert.equal((await repository.status(cwd)).attached, false)
    assert.deepEqual(await (await repository.main()).runs(), [])
  })

  test('is withRunNamespace as well: the worktree has the parent of its runs', async () => {
    const repository = await anInstalled()
    const cwd = await repository.worktree('w')
    const program = `
      import { withRunNamespace } from ${JSON.stringify(LIBRARY)}
      await withRunNamespace('r1', async run => { console.log(run.name); await run.put('b', 'x') })`
    const { code, stdout, stderr } = await startProgram(process.execPath, ['--input-type=module', '-e', program], {
      cwd,
    }).ended
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^main\/w-[a-z0-9]{8}\/r1\n$/)
    assert.equal(await repository.paths(cwd), 'b')
    assert.equal(await repository.paths(), '')
  })
})

describe('in a worktree', AT_ONCE, () => {
  test('an option wins over the environment, that over the worktree, that over the configuration', async () => {
    const repository = await anInstalled()
    const cwd = await repository.worktree('w')
    const store = `file:${repository.folder}/.runlet/store`
    await aNamespace('other', store)
    await repository.put('at', 'worktree', cwd)
    await repository.done(['put', 'at', '--namespace', 'main'], { cwd, input: 'main' })
    await repository.done(['put', 'at', '--namespace', 'other'], { cwd, input: 'other' })
    const get = (args: string[] = [], env = {}) => repository.done(['get', 'at', ...args], { cwd, env })
    assert.equal(await get(), 'worktree')
    assert.equal(await get([], { RUNLET_NAMESPACE: 'other' }), 'other')
    assert.equal(await get(['--namespace', 'main'], { RUNLET_NAMESPACE: 'other' }), 'main')
    assert.equal(await get(['--store', store]), 'worktree', 'the same store, by its name')
    const away = await aNamespace('main')
    assert.equal(await repository.done(['ls', '--store', away], { cwd }), '', 'another store has not this namespace')
  })

  test('a command for a store or namespace of its own does not take the first use for it', async () => {
    const repository = await anInstalled()
    const cwd = await repository.worktree('w')
    const away = await aNamespace('main')
    await repository.done(['ls', '--store', away], { cwd })
    await repository.done(['ls', '--namespace', 'main'], { cwd })
    assert.deepEqual([(await repository.status(cwd)).attached, (await repository.status(cwd)).new], [false, true])
  })

  test('a submodule belongs to it unless it has a configuration of its own, and so does a folder that names another namespace or store', async () => {
    const [inner, outer] = [await aRepository({ commits: false }), await anInstalled()]
    const allow = ['-c', 'protocol.file.allow=always']
    await outer.git([...allow, 'submodule', 'add', '-q', inner.folder, 'sub'])
    await outer.git(['commit', '-qm', 'sub'])
    const cwd = await outer.worktree('w')
    await outer.git([...allow, 'submodule', 'update', '--init', '-q'], { cwd })
    const sub = join(cwd, 'sub')
    await outer.done(['put', 'a'], { cwd: sub, input: '1' })
    assert.equal(await outer.done(['ls'], { cwd }), 'a\n')
    await mkdir(join(cwd, 'part'))
    const own = `{"store":"file:${inner.folder}/.runlet/store","namespace":"main"}`
    for (const folder of [sub, join(cwd, 'part')]) {
      await writeFile(join(folder, 'runlet.config.json'), own.replace('main"}', folder === sub ? 'main"}' : 'apart"}'))
    }
    assert.equal(await outer.done(['ls'], { cwd: sub }), '')
    assert.match((await outer.runlet(['ls'], { cwd: join(cwd, 'part') })).stderr, /namespace "apart" does not exist/)
    await writeFile(join(cwd, 'part/runlet.config.json'), own)
    assert.equal(await outer.paths(join(cwd, 'part')), '', 'of the same name, but in another store')
  })
})

describe('runlet worktree', AT_ONCE, () => {
  test('fold folds, and the next command forks a new one; working copies go on', async () => {
    const repository = await anInstalled()
    const cwd = await repository.worktree('w')
    await repository.done(['pull', '--dir', 'copy'], { cwd })
    await writeFile(join(cwd, 'copy/a'), '1')
    await repository.done(['push', '--dir', 'copy'], { cwd })
    const before = (await repository.status(cwd)).namespace
    const { code, stderr } = await repository.runlet(['worktree', 'fold', '-m', 'done'], { cwd })
    assert.equal(code, 0, stderr)
    assert.match(stderr, /folded main\/w-\S+ into main: 1 row, .*; the next runlet command here forks a new one/)
    assert.deepEqual(await contentOf(await repository.main()), { a: '1' })
    assert.equal((await repository.runlet(['worktree', 'fold'], { cwd })).code, 1)
    await repository.put('b', "main's")
    await writeFile(join(cwd, 'copy/c'), 'not pushed')
    await repository.done(['pull', '--dir', 'copy'], { cwd })
    assert.deepEqual((await readdir(join(cwd, 'copy'))).sort(), ['.runlet', 'a', 'b', 'c'])
    assert.equal(await repository.done(['status', '--dir', 'copy'], { cwd }), 'A c\n')
    assert.notEqual((await repository.status(cwd)).namespace, before)
  })

  test('fold names the conflicts and keeps all; a policy settles them', async () => {
    const repository = await anInstalled()
    const cwd = await repository.worktree('w')
    await repository.put('a', "w's", cwd)
    await repository.put('a', "main's")
    const refused = await repository.runlet(['worktree', 'fold'], { cwd })
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /: a\. .*ERR_RUNLET_CONFLICT/)
    await repository.put('b', 'work goes on', cwd)
    assert.equal(await repository.done(['get', 'a'], { cwd }), "w's")
    const folded = JSON.parse(await repository.done(['worktree', 'fold', '--on-conflict', 'theirs', '--json'], { cwd }))
    assert.deepEqual([folded.rows, folded.next, folded.parent], [2, 'fork', 'main'])
    assert.equal(await repository.done(['get', 'a']), "w's")
  })

  test('discard drops what was written; the next namespace has the name of the branch that is checked out then', async () => {
    const repository = await anInstalled()
    const cwd = await repository.worktree('w')
    await repository.put('a', '1', cwd)
    await repository.done(['worktree', 'discard'], { cwd })
    await repository.git(['switch', '-q', '-c', 'next'], { cwd })
    assert.equal(await repository.paths(cwd), '')
    assert.equal(await repository.paths(), '')
    assert.match((await repository.status(cwd)).namespace, /^main\/next-/)
  })

  test('status tells what it uses, what it changed and who owns it, and forks nothing', async () => {
    const repository = await anInstalled()
    for (const path of ['kept', 'gone', 'other']) await repository.put(path, '1')
    const cwd = await repository.worktree('w')
    assert.match(await repository.done(['worktree', 'status'], { cwd }), /gets one with the first runlet command/)
    assert.deepEqual(await (await repository.main()).runs(), [])
    await repository.put('new', '1', cwd)
    await repository.put('other', '2', cwd)
    await repository.done(['rm', 'gone'], { cwd })
    const shown = await repository.done(['worktree', 'status'], { cwd })
    assert.match(shown, /^namespace {2}main\/w-\S+\nstate {6}open\nparent {5}main, forked at #3\n/)
    assert.match(shown, /\nowner {6}none.*\nif removed keep\nchanges {4}3\nD gone\nA new\nM other\n$/)
    const unused = await repository.runlet(['worktree', 'status'], { cwd, env: { RUNLET_NAMESPACE: 'main' } })
    assert.match(unused.stderr, /not used by commands here/)
    assert.match(
      await repository.done(['worktree', 'status']),
      /it has none of its own; .*runlet\.config\.json names main/,
    )
  })

  test('attach gives a namespace by hand: a new one, one by its name, or one that is there', async () => {
    const repository = await aRepository()
    const [x, y] = [await repository.worktree('x'), await repository.worktree('y')]
    assert.equal(JSON.parse(await repository.done(['worktree', 'attach', '--json'], { cwd: x })).forked, true)
    assert.match(String((await repository.status(x)).namespace), /^main\/x-/)
    await repository.done(['fork', 'there'])
    await repository.done(['put', 'a', '--namespace', 'main/there'], { input: '1' })
    const found = JSON.parse(await repository.done(['worktree', 'attach', 'there', '--json'], { cwd: y }))
    assert.deepEqual([found.namespace, found.forked], ['main/there', false])
    await repository.done(['worktree', 'attach', 'main/there'], { cwd: y })
    assert.equal(await repository.paths(y), 'a')
    const shared = await repository.runlet(['worktree', 'attach', 'there'])
    assert.match(shared.stderr, /ERR_RUNLET_WORKTREE_ATTACHED/)
    assert.match((await repository.runlet(['worktree', 'attach', 'z'], { cwd: y })).stderr, /Fold or discard it first/)
    assert.equal((await repository.runlet(['worktree', 'attach', 'No/Name'])).code, 2)
    await repository.done(['worktree', 'fold'], { cwd: y })
    assert.equal((await repository.status(y)).attached, false, 'no hook: the configuration counts again')
  })

  test('attach works in the main worktree, which stays without another one after the fold', async () => {
    const repository = await anInstalled()
    await repository.done(['worktree', 'attach', 'by-hand', '--on-removed', 'discard'])
    await repository.put('a', '1')
    const { namespace, onRemoved } = await repository.status(repository.folder)
    assert.deepEqual([namespace, onRemoved], ['main/by-hand', 'discard'])
    await repository.done(['worktree', 'fold'])
    assert.equal(await repository.done(['ls', '--namespace', 'main']), 'a\n')
    assert.equal((await repository.status(repository.folder)).attached, false)
  })

  test('goes on with a new namespace when the old one was folded from elsewhere', async () => {
    const repository = await anInstalled()
    const cwd = await repository.worktree('w')
    await repository.put('a', '1', cwd)
    const [run] = documents(await repository.done(['runs', '--json']))
    await repository.done(['fold', String(run?.id)])
    await repository.put('b', '1', cwd)
    assert.equal(await repository.paths(cwd), 'a b')
    assert.equal(await repository.paths(), 'a')
    await repository.done(['worktree', 'uninstall'])
    const [next] = documents(await repository.done(['runs', '--json']))
    await repository.done(['discard', String(next?.id)])
    const ended = await repository.runlet(['put', 'c'], { cwd, input: '1' })
    assert.match(ended.stderr, /was discarded\. .*ERR_RUNLET_WORKTREE_ENDED/)
    await repository.done(['worktree', 'discard'], { cwd })
  })

  test('says so when the repository was moved with its store, and goes on once the old place is forgotten', async () => {
    const repository = await anInstalled()
    const cwd = await repository.worktree('w')
    await repository.put('a', '1', cwd)
    const { namespace } = await repository.status(cwd)
    const moved = new Repository(join(repository.above, 'moved'))
    await rename(repository.folder, moved.folder)
    await moved.git(['worktree', 'repair', cwd])
    for (const args of [['ls'], ['worktree', 'status'], ['worktree', 'fold']]) {
      const { code, stderr } = await moved.runlet(args, { cwd })
      assert.equal(code, 1)
      assert.match(stderr, /main\/.runlet\/store, where it is not\. Put the store back.*ERR_RUNLET_WORKTREE_LOST/)
    }
    await moved.done(['worktree', 'discard'], { cwd })
    await moved.done(['worktree', 'attach', namespace], { cwd })
    assert.equal(await moved.paths(cwd), 'a')
  })

  test('says so outside of a repository, and where a record is broken', async () => {
    const cwd = await aFolder()
    for (const verb of ['install', 'status', 'fold']) {
      const { code, stderr } = await new Repository(cwd).runlet(['worktree', verb])
      assert.equal(code, 1, verb)
      assert.match(stderr, /ERR_RUNLET_NO_REPOSITORY/)
    }
    const repository = await anInstalled()
    const folder = await repository.worktree('w')
    await repository.done(['ls'], { cwd: folder })
    const records = join(repository.folder, '.git/runlet/worktrees')
    for (const name of await readdir(records)) await writeFile(join(records, name), '{"format":1}')
    const broken = await repository.runlet(['ls'], { cwd: folder })
    assert.equal(broken.code, 2)
    assert.match(broken.stderr, /worktrees\/\S+\.json: is not what runlet writes there\. Remove it/)
    for (const name of await readdir(records)) await rm(join(records, name))
    assert.equal((await repository.runlet(['ls'], { cwd: folder })).code, 0, 'a new one is forked')
  })
})
