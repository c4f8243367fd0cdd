// `withRunNamespace` with a working copy of the run.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  ConflictError,
  CopyMismatchError,
  InvalidArgumentError,
  InvalidPathError,
  LinkInCopyError,
} from '../../lib/errors.ts'
import {
  type Namespace,
  openStore,
  type Run,
  type RunNamespaceOptions,
  type WorkingCopy,
  withRunNamespace,
} from '../../lib/index.ts'
import { contents } from '../support/world.ts'

let folder: string
let names = 0
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runlet-with-copy-'))
})
after(() => rm(folder, { recursive: true, force: true }))

/** A parent with that content, a directory for a copy, and what withRunNamespace needs of both. */
async function aParentWith(content: Record<string, string>) {
  names += 1
  const store = await openStore(`file:${folder}/store-${names}`)
  const parent = await store.namespace('p', { create: true })
  for (const [path, value] of Object.entries(content)) await parent.put(path, value)
  const directory = join(folder, `copy-${names}`)
  return { store, parent, directory, at: (path: string) => join(directory, path) }
}

const openRuns = async (parent: Namespace) => (await parent.runs()).map(({ id }) => id)

async function until(look: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!(await look())) {
    assert.ok(performance.now() < deadline, 'waited in vain')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

describe('the function of a run with a copy', () => {
  test('is given it pulled; what it changes there is folded', async () => {
    const { parent, directory, at } = await aParentWith({ a: '0', gone: '0' })
    const value = await withRunNamespace(
      'r',
      async (run, copy) => {
        assert.equal(copy.directory, directory)
        assert.equal(await readFile(at('a'), 'utf8'), '0')
        await writeFile(at('a'), '1')
        await rm(at('gone'))
        await writeFile(at('pushed'), '1')
        copy.markDirty('pushed')
        assert.equal((await copy.push()).put, 1)
        assert.deepEqual(await contents(run), { a: '0', gone: '0', pushed: '1' })
        await writeFile(at('marked'), '1')
        copy.markDirty('marked')
        return 42
      },
      { parent, copy: { directory } },
    )
    assert.equal(value, 42)
    assert.deepEqual(await contents(parent), { a: '1', marked: '1', pushed: '1' })
    assert.deepEqual(await openRuns(parent), [])
  })

  test('has only the paths of the prefix, in one run after the other', async () => {
    const { parent, directory, at } = await aParentWith({ 'in/a': '0', out: '0' })
    const options = { parent, copy: { directory, prefix: 'in/' } }
    for (const n of ['1', '2', '3']) {
      const append = async () => writeFile(at('in/a'), (await readFile(at('in/a'), 'utf8')) + n)
      await withRunNamespace(`r${n}`, append, options)
      await parent.put(`in/by-others-${n}`, n)
    }
    assert.equal(await readFile(at('in/by-others-2'), 'utf8'), '2')
    await assert.rejects(readFile(at('out')), { code: 'ENOENT' })
    assert.equal((await contents(parent))['in/a'], '0123')
  })

  test('that throws: kept with what the copy has, folded with it, or discarded', async () => {
    for (const [onError, inParent, inRun] of [
      ['keep', { a: '0' }, { a: '1' }],
      ['fold', { a: '1' }, undefined],
      ['discard', { a: '0' }, undefined],
    ] as const) {
      const { store, parent, directory, at } = await aParentWith({ a: '0' })
      const failing = async () => {
        await writeFile(at('a'), '1')
        throw new Error('on purpose')
      }
      await assert.rejects(withRunNamespace('r', failing, { parent, onError, copy: { directory } }), /on purpose/)
      assert.deepEqual(await contents(parent), inParent)
      assert.deepEqual(await openRuns(parent), inRun ? ['r'] : [])
      if (inRun) assert.deepEqual(await contents(await store.namespace('p/r')), inRun)
    }
  })

  test('that leaves a conflict with the run has it kept', async () => {
    const { parent, directory, at } = await aParentWith({ a: '0' })
    const conflicting = async (run: Run) => {
      await writeFile(at('a'), 'copy')
      await run.put('a', 'run')
    }
    const refused = withRunNamespace('r', conflicting, { parent, copy: { directory } })
    await assert.rejects(refused, error => error instanceof ConflictError && error.paths.join() === 'a')
    const resumed = { parent, resume: true, copy: { directory } }
    await assert.rejects(
      withRunNamespace('r', () => assert.fail('called'), resumed),
      ConflictError,
    )
    const run = await parent.resume('r')
    await (await run.workingCopy(directory)).settle('ours')
    await run.release()
    await withRunNamespace('r', () => undefined, resumed)
    assert.deepEqual(await contents(parent), { a: 'copy' })
  })

  test('that throws and leaves what cannot be pushed is told of both', async () => {
    const { parent, directory, at } = await aParentWith({ a: '0' })
    const failing = async (run: Run) => {
      await writeFile(at('a'), 'copy')
      await run.put('a', 'run')
      throw new Error('on purpose')
    }
    const refused = withRunNamespace('r', failing, { parent, copy: { directory } })
    await assert.rejects(refused, (error: AggregateError) => {
      assert.match(error.errors[0].message, /on purpose/)
      assert.ok(error.errors[1] instanceof ConflictError)
      return true
    })
    await (await parent.resume('r')).discard() // it was given up, and is nobody's
  })
})

describe('with syncMs', () => {
  test('others see what changed while the function runs; a push that fails is told and tried again', async () => {
    const { store, parent, directory, at } = await aParentWith({})
    const failed: unknown[] = []
    const options = { parent, copy: { directory, syncMs: 1000, onFailedSync: (error: unknown) => failed.push(error) } }
    await withRunNamespace(
      'r',
      async (run, copy) => {
        const others = await store.namespace(run.name)
        await writeFile(at('a'), '1')
        await until(async () => (await contents(others)).a === '1')
        await mkdir(at('sub'))
        await writeFile(at('sub/b'), '1')
        await symlink('a', at('link'))
        await until(async () => failed.length > 0)
        await rm(at('link'))
        await until(async () => (await contents(others))['sub/b'] === '1')
        await Promise.all([copy.push(), copy.status(), copy.pull()]) // beside the rounds
        assert.deepEqual(await contents(parent), {})
      },
      options,
    )
    assert.ok(failed.length === 1 && failed[0] instanceof LinkInCopyError)
    assert.deepEqual(await contents(parent), { a: '1', 'sub/b': '1' })
  })
})

describe('before a run is made', () => {
  test('options that make no sense are refused by name', async () => {
    const { parent, directory } = await aParentWith({})
    const refused: [copy: object, argument: string][] = [
      [{}, 'copy.directory'],
      [{ directory: '' }, 'copy.directory'],
      [{ directory, syncMs: 999 }, 'copy.syncMs'],
      [{ directory, syncMs: 3_600_001 }, 'copy.syncMs'],
      [{ directory, syncMs: Number.NaN }, 'copy.syncMs'],
      [{ directory, onFailedSync: 1 }, 'copy.onFailedSync'],
      [{ directory, every: 1 }, 'copy'],
    ]
    for (const [copy, argument] of refused) {
      const options = { parent, copy } as RunNamespaceOptions
      await assert.rejects(
        withRunNamespace('r', () => assert.fail('called'), options),
        error => error instanceof InvalidArgumentError && error.argument === argument,
      )
    }
    const outside = { parent, copy: { directory, prefix: '/x' } }
    await assert.rejects(
      withRunNamespace('r', () => assert.fail('called'), outside),
      InvalidPathError,
    )
    assert.deepEqual(await openRuns(parent), [])
  })

  test('a copy of other paths, or from another store, is refused', async () => {
    const { parent, directory } = await aParentWith({ 'in/a': '0' })
    await withRunNamespace('r', () => undefined, { parent, copy: { directory } })
    const other = await aParentWith({})
    for (const options of [
      { parent, copy: { directory, prefix: 'in/' } },
      { store: other.store, parent: 'p', copy: { directory } },
      { parent: other.parent, store: other.store, copy: { directory } },
    ]) {
      await assert.rejects(
        withRunNamespace('r', () => assert.fail('called'), options),
        CopyMismatchError,
      )
    }
    assert.deepEqual([await openRuns(parent), await openRuns(other.parent)], [[], []])
  })

  test('without a copy the function has no second argument, by type and by fact', async () => {
    const { parent } = await aParentWith({})
    const withTwo = (_: Run, copy: WorkingCopy) => copy.directory
    // @ts-expect-error: nothing says which directory
    await assert.rejects(withRunNamespace('r', withTwo, { parent, onError: 'discard' }), TypeError)
    assert.equal(await withRunNamespace('r', (...given: unknown[]) => given.length, { parent }), 1)
  })
})
