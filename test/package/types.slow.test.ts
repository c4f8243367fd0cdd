// The types of the package, as those see them who compile against it.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { execa } from 'execa'
import { sourceOf } from '../readme/program-source.ts'
import { PROGRAMS } from '../readme/programs.ts'
import { ROOT } from '../support/programs.ts'
import { OPTIONAL, type Packed, packed } from './packed.ts'

/** It is a package of ES modules: Node 10 knows no `exports`, and a program of CommonJS imports it by `import()`. */
const NOT_MEANT = new Set(['node10', 'node16-cjs'])

const WRITTEN_IN_TYPESCRIPT = PROGRAMS.filter(({ language }) => language === 'ts')

describe('the types of the packed package', () => {
  let world: Packed
  before(async () => {
    world = await packed()
    await world.link(OPTIONAL)
    await writeFile(join(world.folder, 'package.json'), JSON.stringify({ type: 'module' }))
    await writeFile(join(world.folder, 'entries.ts'), ENTRIES)
    for (const [i, program] of WRITTEN_IN_TYPESCRIPT.entries())
      await writeFile(join(world.folder, `readme-${i}.ts`), sourceOf(program))
  })
  after(() => world.remove())

  test('are those of what is run, for each entry point', async () => {
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(await readFile(world.tarball))))
    assert.ok(analysis.types, 'no types were found')
    assert.deepEqual(Object.keys(analysis.entrypoints), ['.', './otel', './swamp', './package.json'])
    const problems = analysis.problems.filter(
      problem => !('resolutionKind' in problem && NOT_MEANT.has(problem.resolutionKind)),
    )
    assert.deepEqual(problems, [])
  })

  for (const [module, resolution] of [
    ['nodenext', 'nodenext'],
    ['preserve', 'bundler'],
  ] as const) {
    test(`are complete and strict with moduleResolution ${resolution}: what README has in TypeScript compiles`, async () => {
      const options = ['--module', module, '--moduleResolution', resolution, '--target', 'es2022', '--types', 'node']
      const strictly = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--ignoreConfig']
      const files = ['entries.ts', ...WRITTEN_IN_TYPESCRIPT.map((_, i) => `readme-${i}.ts`)]
      const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
      const { stdout, exitCode } = await execa(process.execPath, [compiler, ...options, ...strictly, ...files], {
        cwd: world.folder,
        reject: false,
      })
      assert.equal(stdout, '')
      assert.equal(exitCode, 0)
    })
  }
})

const ENTRIES = `
import { observe } from 'runlet/otel'
import { datastore } from 'runlet/swamp'
export const others: [string, string] = [typeof observe, datastore.type]`
