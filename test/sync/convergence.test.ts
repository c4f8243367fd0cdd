// Any split of work between two working copies converges: whatever each side did, and whoever pushed first, in the end both
// directories and the namespace are the same, and nothing that one side alone did is lost.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConflictError } from '../../lib/errors.ts'
import { openStore } from '../../lib/index.ts'
import type { WorkingCopy } from '../../lib/sync/working-copy.ts'
import { contents } from '../support/world.ts'

const editOf = fc.record({
  side: fc.constantFrom(0, 1),
  path: fc.constantFrom('a', 'b/c', 'b/d', 'e/f/g'),
  value: fc.option(fc.constantFrom('1', '2', 'x'.repeat(5_000)), { nil: undefined }),
})
const stepOf = fc.oneof(
  { weight: 3, arbitrary: editOf },
  {
    weight: 1,
    arbitrary: fc.record({ side: fc.constantFrom(0, 1), sync: fc.constantFrom('pull' as const, 'push' as const) }),
  },
)

type Step = typeof stepOf extends fc.Arbitrary<infer T> ? T : never

const REMOVED_IN_CONFLICT: Step[] = [
  { side: 0, path: 'b/d', value: '1' },
  { side: 1, path: 'b/d', value: '2' },
  { side: 0, sync: 'push' },
  { side: 1, sync: 'pull' },
  { side: 1, path: 'b/d', value: undefined },
]

test('two working copies of one namespace converge, whatever each of them did', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepOf, { minLength: 1, maxLength: 20 }), async steps => {
      const folder = await mkdtemp(join(tmpdir(), 'runlet-converge-'))
      const stores = await Promise.all([0, 1].map(() => openStore(`memory:${folder}`)))
      try {
        const namespaces = []
        for (const store of stores) namespaces.push(await store.namespace('n', { create: true }))
        const copies = await Promise.all(
          namespaces.map((namespace, i) => namespace.workingCopy(join(folder, String(i)))),
        )
        for (const step of steps) {
          const copy = copies[step.side] as WorkingCopy
          if ('path' in step) await edit(copy, step.path, step.value)
          else if (step.sync === 'pull') await copy.pull()
          else await pushOrTakeTheirs(copy)
        }
        for (const copy of [...copies, ...copies]) await pushOrTakeTheirs(copy)
        for (const copy of copies) await copy.pull()
        const everywhere = await Promise.all(copies.map(copy => filesOf(copy.directory)))
        assert.deepEqual(everywhere[0], everywhere[1])
        assert.deepEqual(everywhere[0], await contents(namespaces[0] as (typeof namespaces)[0]))
        for (const copy of copies) assert.deepEqual(await copy.push(), { seq: undefined, put: 0, deleted: 0 })
      } finally {
        await Promise.all(stores.map(store => store.close()))
        await rm(folder, { recursive: true, force: true })
      }
    }),
    { numRuns: 25, examples: [[REMOVED_IN_CONFLICT]] },
  )
})

async function edit(copy: WorkingCopy, path: string, value: string | undefined): Promise<void> {
  const file = join(copy.directory, path)
  if (value === undefined) return rm(file, { force: true })
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, value)
}

async function pushOrTakeTheirs(copy: WorkingCopy): Promise<void> {
  try {
    await copy.push()
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
    await copy.settle('theirs')
    await copy.push()
  }
}

async function filesOf(root: string, below = ''): Promise<Record<string, string>> {
  const all: Record<string, string> = {}
  const entries = await readdir(join(root, below), { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (path === '.runlet') continue
    if (entry.isDirectory()) Object.assign(all, await filesOf(root, path))
    else all[path] = await readFile(join(root, path), 'utf8')
  }
  return all
}
