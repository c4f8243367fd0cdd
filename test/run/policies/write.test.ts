// Conflict policies at a direct write: put, delete and commit by a process that has not seen the newest head.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Namespace } from '../../../lib/runlet.ts'
import type { World } from '../../support/world.ts'
import { inWorld, isConflictOver, settled, unsettled, withoutKeep, write } from './support.ts'

/** A handle that has seen `base`, while another process has since changed it to `ours`. */
async function aStaleWriter(world: World, base: string | undefined, ours: string | undefined) {
  const writer = await world.client().store.namespace('p', { create: true })
  await writer.put('.keep', '')
  if (base !== undefined) await writer.put('a.txt', base)
  const other = await world.client().store.namespace('p')
  await write(other, { 'a.txt': ours })
  return { writer, other }
}

describe('at a direct write', () => {
  const suffixed = (after: Record<string, string>) =>
    Object.fromEntries(Object.entries(after).map(([path, value]) => [path.replace('.r.', '.p.'), value]))

  for (const [why, policy, [base, ours, theirs], after] of settled) {
    test(`${why}, by put or delete`, () =>
      inWorld(async world => {
        const { writer, other } = await aStaleWriter(world, base, ours)
        if (theirs === undefined) await writer.delete('a.txt', { onConflict: policy })
        else await writer.put('a.txt', theirs, { onConflict: policy })
        assert.deepEqual(await withoutKeep(other), suffixed(after))
      }))

    test(`${why}, by commit`, () =>
      inWorld(async world => {
        const { writer, other } = await aStaleWriter(world, undefined, base)
        const fill = async (tx: Parameters<Parameters<Namespace['commit']>[0]>[0]) => {
          await write(other, { 'a.txt': ours })
          if (theirs === undefined) tx.delete('a.txt')
          else tx.put('a.txt', theirs)
          tx.put('b', 'with it')
        }
        await writer.commit(fill, { onConflict: policy })
        assert.deepEqual(await withoutKeep(other), { ...suffixed(after), b: 'with it' })
      }))
  }

  for (const [why, policy, [base, ours, theirs]] of unsettled) {
    test(`${why} is a conflict, and nothing of the commit is written`, () =>
      inWorld(async world => {
        const { writer, other } = await aStaleWriter(world, undefined, base)
        const before = { ...(ours !== undefined && { 'a.txt': ours }) }
        const fill = async (tx: Parameters<Parameters<Namespace['commit']>[0]>[0]) => {
          await write(other, { 'a.txt': ours })
          if (theirs === undefined) tx.delete('a.txt')
          else tx.put('a.txt', theirs)
          tx.put('b', 'with it')
        }
        await assert.rejects(writer.commit(fill, policy ? { onConflict: policy } : {}), isConflictOver('a.txt'))
        assert.deepEqual(await withoutKeep(other), before)
      }))
  }

  test('a policy of one write is none for the next', () =>
    inWorld(async world => {
      const { writer, other } = await aStaleWriter(world, '0', '1')
      await writer.put('a.txt', '2', { onConflict: 'theirs' })
      await other.put('a.txt', '3', { onConflict: 'theirs' })
      await assert.rejects(writer.put('a.txt', '4'), isConflictOver('a.txt'))
    }))

  test('writes at the same time fail or succeed each for itself', () =>
    inWorld(async world => {
      const { writer, other } = await aStaleWriter(world, '0', '1')
      const results = await Promise.allSettled([
        writer.put('a.txt', '2'),
        writer.put('b.txt', '2'),
        writer.put('c.txt', '2', { onConflict: 'ours' }),
      ])
      assert.deepEqual(
        results.map(result => result.status),
        ['rejected', 'fulfilled', 'fulfilled'],
      )
      assert.deepEqual(await withoutKeep(other), { 'a.txt': '1', 'b.txt': '2', 'c.txt': '2' })
    }))

  test('a function that throws fails only the write that has it', () =>
    inWorld(async world => {
      const { writer, other } = await aStaleWriter(world, '0', '1')
      const policy = () => {
        throw new TypeError('mine')
      }
      const results = await Promise.allSettled([
        writer.put('a.txt', '2', { onConflict: policy }),
        writer.put('b.txt', '2'),
      ])
      assert.deepEqual(
        results.map(result => result.status),
        ['rejected', 'fulfilled'],
      )
      assert.deepEqual(await withoutKeep(other), { 'a.txt': '1', 'b.txt': '2' })
    }))
})
