// What the tests of conflict policies share: worlds in which both sides changed a path, and what each policy makes of them.
import assert from 'node:assert/strict'
import { ConflictError } from '../../../lib/errors.ts'
import type { ConflictPolicy, NamedPolicy, PolicyFunction } from '../../../lib/namespace/policy.ts'
import type { Namespace, Run } from '../../../lib/runlet.ts'
import { contents, World } from '../../support/world.ts'

export async function inWorld(program: (world: World) => Promise<void>, options?: { seed: number }): Promise<void> {
  const world = new World(options)
  await world.run(() => program(world))
}

export type Files = Record<string, string | undefined>

/** Puts each path, or deletes those that are undefined, in one commit. */
export async function write(namespace: Namespace, files: Files): Promise<void> {
  await namespace.commit(tx => {
    for (const [path, value] of Object.entries(files)) value === undefined ? tx.delete(path) : tx.put(path, value)
  })
}

export async function parentWith(world: World, files: Files): Promise<Namespace> {
  const parent = await world.client().store.namespace('p', { create: true })
  await write(parent, files)
  return parent
}

/** A run that has changed `theirs` while its parent changed `ours`, both from `base`. */
export async function aDivergedRun(
  world: World,
  files: { base: Files; ours: Files; theirs: Files },
  onConflict?: ConflictPolicy,
): Promise<{ parent: Namespace; run: Run }> {
  const parent = await parentWith(world, { '.keep': '', ...files.base })
  const run = await parent.fork('r', onConflict === undefined ? {} : { onConflict })
  await write(run, files.theirs)
  await write(parent, files.ours)
  return { parent, run }
}

export const withoutKeep = async (namespace: Namespace) => {
  const { '.keep': _, ...rest } = await contents(namespace)
  return rest
}

/** Joins the sides that there are, so that a test sees which was which. */
export const joined: PolicyFunction = (path, base, parent, child) =>
  `${path}: ${[base, parent, child].map(side => (side ? Buffer.from(side).toString() : '-')).join('|')}`

export type Case = [
  why: string,
  policy: ConflictPolicy,
  sides: [base: string | undefined, ours: string | undefined, theirs: string | undefined],
  after: Record<string, string>,
]
export const settled: Case[] = [
  ['ours keeps what is there', 'ours', ['0', '1', '2'], { 'a.txt': '1' }],
  ['ours keeps a deletion', 'ours', ['0', undefined, '2'], {}],
  ['ours keeps what the run deleted', 'ours', ['0', '1', undefined], { 'a.txt': '1' }],
  ['theirs takes what arrives', 'theirs', ['0', '1', '2'], { 'a.txt': '2' }],
  ['theirs takes what was deleted there', 'theirs', ['0', undefined, '2'], { 'a.txt': '2' }],
  ['theirs takes a deletion', 'theirs', ['0', '1', undefined], {}],
  ['union-lines adds lines', 'union-lines', ['0\n', '0\n1\n', '0\n2\n'], { 'a.txt': '0\n1\n2\n' }],
  ['json-merge merges keys', 'json-merge', ['{}', '{"a":1}', '{"b":2}'], { 'a.txt': '{"a":1,"b":2}' }],
  ['keep-both keeps both', 'keep-both', ['0', '1', '2'], { 'a.txt': '1', 'a.r.txt': '2' }],
  ['keep-both keeps both of two new ones', 'keep-both', [undefined, '1', '2'], { 'a.txt': '1', 'a.r.txt': '2' }],
  ['keep-both keeps what one deleted', 'keep-both', ['0', undefined, '2'], { 'a.txt': '2' }],
  ['keep-both keeps what the run deleted', 'keep-both', ['0', '1', undefined], { 'a.txt': '1' }],
  ['a function decides', joined, ['0', '1', '2'], { 'a.txt': 'a.txt: 0|1|2' }],
  ['a function sees what one side lacks', joined, [undefined, '1', '2'], { 'a.txt': 'a.txt: -|1|2' }],
  ['a function sees a deletion', joined, ['0', undefined, '2'], { 'a.txt': 'a.txt: 0|-|2' }],
  ['a function sees a deletion that arrives', joined, ['0', '1', undefined], { 'a.txt': 'a.txt: 0|1|-' }],
  ['a function may delete', () => undefined, ['0', '1', '2'], {}],
]

export const unsettled: [why: string, policy: NamedPolicy | undefined, sides: Case[2]][] = [
  ['no policy', undefined, ['0', '1', '2']],
  ['error', 'error', ['0', '1', '2']],
  ['error and a deletion', 'error', ['0', undefined, '2']],
  ['error and a deletion that arrives', 'error', ['0', '1', undefined]],
  ['union-lines and a deletion', 'union-lines', ['0', undefined, '2']],
  ['union-lines and a deletion that arrives', 'union-lines', ['0', '1', undefined]],
  ['json-merge and a deletion', 'json-merge', ['{}', undefined, '{}\n']],
  ['json-merge and what is no JSON', 'json-merge', ['{}', '{"a":1}', 'two']],
  ['json-merge and a key that both changed', 'json-merge', ['{}', '{"a":1}', '{"a":2}']],
]

export const sidesOf = ([base, ours, theirs]: Case[2]) => ({
  base: base === undefined ? {} : { 'a.txt': base },
  ours: { 'a.txt': ours },
  theirs: { 'a.txt': theirs },
})

export const isConflictOver =
  (...paths: string[]) =>
  (error: unknown) => {
    assert.ok(error instanceof ConflictError, String(error))
    assert.equal(error.code, 'ERR_RUNLET_CONFLICT')
    assert.deepEqual(error.paths, paths)
    for (const path of paths) assert.ok(error.message.includes(path))
    return true
  }
