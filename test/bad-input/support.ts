// What the tests of bad input share: that an action is refused with its own typed error, which names the thing and the remedy,
// and that nothing was written (G10).
import assert from 'node:assert/strict'
import { RunletError } from '../../lib/errors.ts'
import type { Namespace } from '../../lib/runlet.ts'
import { type MemoryBucket, MemoryStore } from '../../lib/store/memory/memory-store.ts'
import { World } from '../support/world.ts'

export interface Refusal {
  readonly type: abstract new (...args: never[]) => RunletError
  readonly code: string
  /** What the message must say: the thing that is wrong, the problem, the remedy. */
  readonly says: readonly RegExp[]
}

/** Every version of every object. */
export function snapshotOf(bucket: MemoryBucket): Map<string, string> {
  return new Map([...bucket.objects].map(([key, { etag }]) => [key, etag]))
}

/** Asserts that `act` is refused, by a rejection or a throw, and leaves the bucket as it was. */
export async function assertRefused(
  bucket: MemoryBucket,
  act: () => unknown,
  { type, code, says }: Refusal,
): Promise<RunletError> {
  const before = snapshotOf(bucket)
  const error = await caught(act)
  assert.ok(error instanceof RunletError, `not an error of runlet: ${error}`)
  assert.ok(error instanceof type, `${error.name}: ${error.message}`)
  assert.equal(error.code, code)
  for (const part of says) assert.match(error.message, part)
  assert.match(error.message, /^[^\n]+\. [^\n]+$/, 'one line: what is wrong, and what to do')
  assert.deepEqual(snapshotOf(bucket), before, 'something was written')
  return error
}

async function caught(act: () => unknown): Promise<unknown> {
  try {
    await act()
  } catch (error) {
    return error
  }
  assert.fail('it was not refused')
}

/** Reads an async iterable to its end. */
export async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

export async function inWorld(program: (world: World) => Promise<void>, options?: { seed: number }): Promise<void> {
  const world = new World(options)
  await world.run(() => program(world))
}

/** Replaces what lies under a key behind everybody's back. */
export async function overwrite(world: World, key: string, body: Uint8Array | string): Promise<void> {
  const store = new MemoryStore({ bucket: world.bucket, ambient: world.time.ambient() })
  await store.put(key, typeof body === 'string' ? Buffer.from(body) : body)
}

export function remove(world: World, key: string): void {
  assert.ok(world.bucket.objects.delete(key), `${key} is not there`)
}

/** Changes a stored JSON document. */
export function edit(world: World, key: string, change: (document: Record<string, unknown>) => unknown): Promise<void> {
  const document = world.peek(key)
  return overwrite(world, key, JSON.stringify(change(document) ?? document))
}

/** The namespace `p` as a process opens it that has seen nothing of it yet. */
export function freshly(world: World): Promise<Namespace> {
  return world.client().store.namespace('p')
}

/** A namespace `p` of `rows` paths in index files, with the last commit still in the head. */
export async function aNamespace(world: World, rows = 20): Promise<Namespace> {
  const namespace = await world.client().store.namespace('p', { create: true })
  await namespace.commit(tx => {
    for (let i = 0; i < rows; i++) tx.put(`data/${String(i).padStart(5, '0')}`, `value ${i}`)
  })
  await namespace.compact()
  await namespace.put('tail', 'in the head')
  return namespace
}
