// Malformed arguments and options: each is refused before anything is written.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AbortedError, InvalidArgumentError, InvalidNameError, InvalidPathError } from '../../lib/errors.ts'
import type { Namespace, Store } from '../../lib/runlet.ts'
import { withRunNamespace } from '../../lib/with-run-namespace.ts'
import { assertRefused, drain, freshly, inWorld, type Refusal } from './support.ts'

/** Calls the library as a program without types does. */
type Untyped = { [method: string]: (...args: unknown[]) => unknown }
const untyped = (thing: Namespace | Store) => thing as unknown as Untyped

type Act = (namespace: Untyped, store: Untyped) => unknown
type Case = [why: string, act: Act, says: RegExp[]]

function refuses(about: Pick<Refusal, 'type' | 'code'>, cases: readonly Case[]): void {
  for (const [why, act, says] of cases) {
    test(why, () =>
      inWorld(async world => {
        const client = world.client()
        const namespace = await client.store.namespace('p', { create: true })
        await namespace.put('there', '1')
        await assertRefused(world.bucket, () => act(untyped(namespace), untyped(client.store)), { ...about, says })
      }),
    )
  }
}

describe('a path is refused (G10)', () => {
  const refusal = { type: InvalidPathError, code: 'ERR_RUNLET_INVALID_PATH' }
  const says = [/^path "\.\.\/x" has a "\.\." segment/, /Resolve it before the call/]
  refuses(refusal, [
    ['by put', ns => ns.put?.('../x', 'v'), says],
    ['by put with options', ns => ns.put?.('../x', 'v', { message: 'm' }), says],
    ['by get', ns => ns.get?.('../x'), says],
    ['by stream', ns => ns.stream?.('../x'), says],
    ['by stat', ns => ns.stat?.('../x'), says],
    ['by delete', ns => ns.delete?.('../x'), says],
    ['by list', ns => drain(ns.list?.('../x') as never), says],
    ['by put in a commit', ns => ns.commit?.((tx: Untyped) => void tx.put?.('../x', 'v')), says],
    ['by delete in a commit', ns => ns.commit?.((tx: Untyped) => void tx.delete?.('../x')), says],
    ['by get in a commit', ns => ns.commit?.((tx: Untyped) => tx.get?.('../x')), says],
    [
      'after good ones in a commit, of which none is written',
      ns =>
        ns.commit?.((tx: Untyped) => {
          tx.put?.('good', 'v')
          tx.delete?.('there')
          tx.put?.('../x', 'v')
        }),
      says,
    ],
    ['when there is none', ns => ns.put?.(undefined, 'v'), [/^path .*is not a string/, /Pass a string/]],
    ['when it is a number', ns => ns.get?.(7), [/^path .*is not a string/]],
    ['with a prefix that is no string', ns => drain(ns.list?.(null) as never), [/^path .*is not a string/]],
    [
      'without repeating all of it',
      ns => ns.get?.('x'.repeat(5000)),
      [/^path "x{200}" is over 900 bytes/, /Shorten it/],
    ],
    ['on one line', ns => ns.get?.('a\nb'), [/^path "a\\nb" has a control character/]],
  ])
})

describe('a name is refused (G10)', () => {
  const remedy = /Use a-z, 0-9, '\.', '_' and '-', starting with a letter or digit, at most 64 characters/
  refuses({ type: InvalidNameError, code: 'ERR_RUNLET_INVALID_NAME' }, [
    ['of a namespace', (_, store) => store.namespace?.('A/b', { create: true }), [/^namespace "A\/b"/, remedy]],
    [
      'of a namespace that leads out',
      (_, store) => store.namespace?.('a/../b', { create: true }),
      [/^namespace/, remedy],
    ],
    [
      'of a namespace too deep',
      (_, store) => store.namespace?.('a/a/a/a/a/a/a/a/a', { create: true }),
      [/8 levels deep/],
    ],
    [
      'of a namespace that is no string',
      (_, store) => store.namespace?.(undefined, { create: true }),
      [/not a string/],
    ],
    ['of a run', ns => ns.fork?.('Night Run'), [/^run id "Night Run"/, remedy]],
    ['of a run that leads out', ns => ns.fork?.('..'), [/^run id "\.\."/, remedy]],
    ['of a run in a run', ns => ns.fork?.('a/b'), [/^run id "a\/b"/, remedy]],
    ['of a run that is no string', ns => ns.fork?.(7), [/^run id .*is not a string/, remedy]],
    ['of a run to resume', ns => ns.resume?.('_'), [/^run id "_"/, remedy]],
    ['of a lock', ns => ns.lock?.('a b', () => 1), [/^lock "a b"/, remedy]],
    ['of a run of a whole', () => withRunNamespace('_', () => 1), [/^run id "_"/, remedy]],
  ])

  test('of a run that would be too deep', () =>
    inWorld(async world => {
      const namespace = await world.client().store.namespace('a/a/a/a/a/a/a/a', { create: true })
      await assertRefused(world.bucket, () => namespace.fork('b'), {
        type: InvalidNameError,
        code: 'ERR_RUNLET_INVALID_NAME',
        says: [/"a\/a\/a\/a\/a\/a\/a\/a\/b" is more than 8 levels deep/],
      })
    }))
})

describe('a value is refused (G10)', () => {
  const says = [/^value: is neither bytes, text nor a stream/, /Pass a Uint8Array, a string or an async iterable/]
  const chunk = [/^value: has a chunk that is neither bytes nor text/, /Pass a Uint8Array/]
  async function* chunksOf(...chunks: unknown[]) {
    yield* chunks
  }
  refuses({ type: InvalidArgumentError, code: 'ERR_RUNLET_INVALID_ARGUMENT' }, [
    ['when there is none', ns => ns.put?.('a'), says],
    ['when it is null', ns => ns.put?.('a', null), says],
    ['when it is a number', ns => ns.put?.('a', 7), says],
    ['when it is an object', ns => ns.put?.('a', { b: 1 }), says],
    ['when it is a list', ns => ns.put?.('a', ['b']), says],
    ['when it is a promise', ns => ns.put?.('a', Promise.resolve('b')), says],
    ['when it is a buffer without bytes of its own', ns => ns.put?.('a', new ArrayBuffer(8)), says],
    [
      'in a commit, with all else of it',
      ns => ns.commit?.((tx: Untyped) => void [tx.put?.('a', 'b'), tx.put?.('c', 7)]),
      says,
    ],
    ['when it streams numbers', ns => ns.put?.('a', chunksOf(1, 2)), chunk],
    ['when it streams nothing to speak of', ns => ns.put?.('a', chunksOf('good', undefined)), chunk],
    ['when it streams a number late', ns => ns.put?.('a', chunksOf('x'.repeat(10_000), 7)), chunk],
  ])

  test('not, when a stream fails: its own error is passed on, and nothing is written', () =>
    inWorld(async world => {
      const namespace = await world.client().store.namespace('p', { create: true })
      const before = [...world.bucket.objects]
      async function* failing() {
        yield 'x'.repeat(10_000)
        throw new TypeError('mine')
      }
      await assert.rejects(namespace.put('a', failing()), /mine/)
      assert.deepEqual([...world.bucket.objects], before)
    }))
})

describe('an option is refused (G10)', () => {
  const signal = AbortSignal.abort('reason')
  const policy = [
    /^onConflict: is no conflict policy/,
    /Use one of error, ours, theirs, union-lines, json-merge, keep-both/,
  ]
  refuses({ type: InvalidArgumentError, code: 'ERR_RUNLET_INVALID_ARGUMENT' }, [
    ['ttlMs of a fork, when it is too short', ns => ns.fork?.('r', { ttlMs: 999 }), [/^ttlMs: .*1000/]],
    ['ttlMs of a fork, when it is endless', ns => ns.fork?.('r', { ttlMs: Number.POSITIVE_INFINITY }), [/^ttlMs: /]],
    ['ttlMs of a fork, when it is text', ns => ns.fork?.('r', { ttlMs: '5s' }), [/^ttlMs: .*number/]],
    ['ttlMs of a fork, when it is no number', ns => ns.fork?.('r', { ttlMs: Number.NaN }), [/^ttlMs: /]],
    ['label of a fork, when it is empty', ns => ns.fork?.('r', { label: '' }), [/^label: /]],
    ['label of a fork, when it is too long', ns => ns.fork?.('r', { label: 'x'.repeat(129) }), [/^label: .*128/]],
    ['onError of a fork', ns => ns.fork?.('r', { onError: 'explode' }), [/^onError: .*"keep"\|"discard"\|"fold"/]],
    ['signal of a fork', ns => ns.fork?.('r', { signal: {} }), [/^signal: /]],
    ['onConflict of a fork', ns => ns.fork?.('r', { onConflict: 'mine' }), policy],
    ['onConflict of a fork, by glob', ns => ns.fork?.('r', { onConflict: { '*.json': 'merge' } }), [/for "\*\.json"/]],
    ['the options of a fork, when they are none', ns => ns.fork?.('r', 'fast'), [/^options: /]],
    ['onConflict of a put', ns => ns.put?.('a', 'v', { onConflict: 'mine' }), policy],
    ['onConflict of a delete', ns => ns.delete?.('there', { onConflict: 7 }), policy],
    ['onConflict of a commit', ns => ns.commit?.((tx: Untyped) => tx.put?.('a', 'v'), { onConflict: null }), policy],
    [
      'message of a put, when it is too long',
      ns => ns.put?.('a', 'v', { message: 'x'.repeat(1001) }),
      [/^message: .*1000/],
    ],
    ['message of a commit, when it is no text', ns => ns.commit?.(() => undefined, { message: 7 }), [/^message: /]],
    ['signal of a put', ns => ns.put?.('a', 'v', { signal: 'now' }), [/^signal: /]],
    ['lock of a put, when it has no token', ns => ns.put?.('a', 'v', { lock: { name: 'lock.a' } }), [/^lock\.token: /]],
    [
      'lock of a put, when its token is none',
      ns => ns.put?.('a', 'v', { lock: { name: 'lock.a', token: 0 } }),
      [/^lock\.token/],
    ],
    ['ttlMs of a lock', ns => ns.lock?.('a', () => 1, { ttlMs: 1 }), [/^ttlMs: /]],
    ['waitMs of a lock', ns => ns.lock?.('a', () => 1, { waitMs: -1 }), [/^waitMs: /]],
    ['label of a lock', ns => ns.lock?.('a', () => 1, { label: '' }), [/^label: /]],
    ['ttlMs of a resume', ns => ns.resume?.('r', { ttlMs: 1 }), [/^ttlMs: /]],
  ])

  refuses({ type: AbortedError, code: 'ERR_RUNLET_ABORTED' }, [
    [
      'signal of a put, when it has aborted',
      ns => ns.put?.('a', 'v', { signal }),
      [/^the write was aborted by its signal/],
    ],
    ['signal of a delete, when it has aborted', ns => ns.delete?.('there', { signal }), [/^the write was aborted/]],
    [
      'signal of a commit, when it has aborted',
      ns => ns.commit?.(() => undefined, { signal }),
      [/^the write was aborted/],
    ],
    ['signal of a fork, when it has aborted', ns => ns.fork?.('r', { signal }), [/^forking "p\/r" was aborted/]],
    ['signal of a lock, when it has aborted', ns => ns.lock?.('a', () => 1, { signal }), [/^waiting for the lock/]],
  ])

  for (const [name, options] of [
    ['onConflict', { onConflict: 'mine' }],
    ['message', { message: 7 }],
  ] as const) {
    test(`${name} of a fold, and the run goes on`, () =>
      inWorld(async world => {
        const namespace = await world.client().store.namespace('p', { create: true })
        const run = await namespace.fork('r')
        await run.put('a', '1')
        await assertRefused(world.bucket, () => run.fold(options as never), {
          type: InvalidArgumentError,
          code: 'ERR_RUNLET_INVALID_ARGUMENT',
          says: [RegExp(`^${name}: `)],
        })
        await run.put('b', '2')
        await run.fold()
        await (await freshly(world)).get('a')
      }))
  }

  test('by a rejection, never by a throw', () =>
    inWorld(async world => {
      const namespace = untyped(await world.client().store.namespace('p', { create: true }))
      const options = { onConflict: 'mine' }
      const calls = [
        () => namespace.put?.('a', 'v', options),
        () => namespace.delete?.('a', options),
        () => namespace.commit?.(() => undefined, options),
      ]
      for (const call of calls) await assert.rejects(call() as Promise<unknown>, InvalidArgumentError)
    }))

  test('lock of a put, when it is none of lock()', () =>
    inWorld(async world => {
      const namespace = await world.client().store.namespace('p', { create: true })
      const options = { lock: { name: 'merge', token: 1_000_000 } }
      await assertRefused(world.bucket, () => namespace.put('a', 'v', options), {
        type: InvalidArgumentError,
        code: 'ERR_RUNLET_INVALID_ARGUMENT',
        says: [/lock/],
      })
    }))

  test('a commit without a function', () =>
    inWorld(async world => {
      const namespace = untyped(await world.client().store.namespace('p', { create: true }))
      await assertRefused(world.bucket, () => namespace.commit?.('a'), {
        type: InvalidArgumentError,
        code: 'ERR_RUNLET_INVALID_ARGUMENT',
        says: [/function/],
      })
    }))
})
