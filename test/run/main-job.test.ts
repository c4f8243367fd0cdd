// `withRunNamespace` whose end is refused: both errors are told, and the run is nobody's, so that others can settle it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConflictError } from '../../lib/errors.ts'
import { openStore, type Run, withRunNamespace } from '../../lib/index.ts'

describe('a run whose function fails, and whose end fails too', () => {
  const conflicting = async (run: Run) => {
    await run.put('a', 'mine')
    throw new Error('on purpose')
  }

  test('is told of with both errors, and may be folded by others', async () => {
    const store = await openStore('memory:')
    const parent = await store.namespace('p', { create: true })
    const failed = withRunNamespace(
      'r',
      async run => {
        await parent.put('a', 'theirs')
        return conflicting(run)
      },
      { store, parent, onError: 'fold' },
    )
    await assert.rejects(failed, ({ errors, cause }: AggregateError) => {
      assert.equal(errors[0].message, 'on purpose')
      assert.equal(cause, errors[0])
      return errors[1] instanceof ConflictError
    })
    assert.equal((await parent.runs())[0]?.owner, undefined)
    await (await parent.resume('r')).fold({ onConflict: 'theirs' })
    assert.equal(Buffer.from((await parent.get('a')) ?? '').toString(), 'mine')
    await store.close()
  })

  test('is told of with both errors, also when the second is of a policy of its own', async () => {
    const store = await openStore('memory:')
    const parent = await store.namespace('p', { create: true })
    const onConflict = () => {
      throw new TypeError('undecided')
    }
    const failed = withRunNamespace(
      'r',
      async run => {
        await parent.put('a', 'theirs')
        return conflicting(run)
      },
      { store, parent, onError: 'fold', onConflict },
    )
    await assert.rejects(failed, ({ errors }: AggregateError) => {
      assert.deepEqual(
        errors.map(({ message }: Error) => message),
        ['on purpose', 'undecided'],
      )
      return true
    })
    await store.close()
  })
})

describe('a policy that writes to the namespace that it decides for', () => {
  test('is refused, and waits for nobody', async () => {
    const store = await openStore('memory:')
    const parent = await store.namespace('p', { create: true })
    await parent.put('a', '0')
    const run = await parent.fork('r', {
      onConflict: async (path, _, there, mine) => {
        await parent.put(`conflicts/${path}`, mine ?? '')
        return there
      },
    })
    await run.put('a', 'mine')
    await parent.put('a', 'theirs')
    await assert.rejects(run.fold(), { code: 'ERR_RUNLET_INVALID_ARGUMENT', argument: 'onConflict' })
    await parent.put('b', 'the next is not kept waiting')
    await run.fold({ onConflict: 'ours' })
    await store.close()
  })

  test('may write there when it has decided', async () => {
    const store = await openStore('memory:')
    const parent = await store.namespace('p', { create: true })
    let later: Promise<unknown> = Promise.resolve()
    const run = await parent.fork('r', {
      onConflict: (path, _, there, mine) => {
        later = new Promise(resolve => setTimeout(resolve, 50)).then(() => parent.put(`conflicts/${path}`, mine ?? ''))
        return there
      },
    })
    await run.put('a', 'mine')
    await parent.put('a', 'theirs')
    await run.fold()
    await later
    assert.equal(Buffer.from((await parent.get('conflicts/a')) ?? '').toString(), 'mine')
    await store.close()
  })

  test('may write elsewhere', async () => {
    const store = await openStore('memory:')
    const [parent, notes] = await Promise.all(['p', 'notes'].map(name => store.namespace(name, { create: true })))
    assert.ok(parent && notes)
    const run = await parent.fork('r', {
      onConflict: async (path, _, there, mine) => {
        await notes.put(path, mine ?? '')
        return there
      },
    })
    await run.put('a', 'mine')
    await parent.put('a', 'theirs')
    await run.fold()
    assert.equal(Buffer.from((await notes.get('a')) ?? '').toString(), 'mine')
    await store.close()
  })
})
