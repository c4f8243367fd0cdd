// Every block that is a program, run against the packed package by its name; a fragment is run with what it takes for granted.
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { transform } from 'esbuild'
import { execa } from 'execa'
import { type Packed, packed } from '../package/packed.ts'
import { sourceOf } from './program-source.ts'
import { PROGRAMS } from './programs.ts'
import { nameOf } from './row.ts'

describe('a program of a page', { concurrency: 2 }, () => {
  let world: Packed
  before(async () => {
    world = await packed()
  })
  after(() => world.remove())

  for (const [i, program] of PROGRAMS.entries()) {
    const side = program.side ? ` (${program.side} the change)` : ''
    test(`does what the page says: ${nameOf(program)}${side}`, async () => {
      for (const name of program.packages ?? []) await world.link(name)
      const folder = join(world.folder, `program-${i}`)
      await mkdir(folder)
      const { code } = await transform(sourceOf(program), { loader: 'ts', format: 'esm' })
      await writeFile(join(folder, 'program.mjs'), code)
      const { stdout, stderr } = await execa(process.execPath, ['program.mjs'], { cwd: folder, env: ALONE })
      assert.match(stdout, program.stdout)
      assert.match(stderr, program.stderr ?? /^$/)
    })
  }
})

/** Nothing of a run that the tests themselves are part of. */
const ALONE = Object.fromEntries(
  Object.keys(process.env)
    .filter(name => name.startsWith('RUNLET_'))
    .map(name => [name, undefined]),
)
