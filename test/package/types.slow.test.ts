// The types of the package, as those see them who compile against it.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { execa } from 'execa'
import { ROOT } from '../support/programs.ts'
import { OPTIONAL, type Packed, packed, snippet } from './packed.ts'

/** It is a package of ES modules: Node 10 knows no `exports`, and a program of CommonJS imports it by `import()`. */
const NOT_MEANT = new Set(['node10', 'node16-cjs'])

describe('the types of the packed package', () => {
  let world: Packed
  before(async () => {
    world = await packed()
    await world.link(OPTIONAL)
    await writeFile(join(world.folder, 'package.json'), JSON.stringify({ type: 'module' }))
    await writeFile(join(world.folder, 'first.ts'), (await snippet(/withRunNamespace/)) + OTHER_ENTRIES)
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
    test(`are complete and strict with moduleResolution ${resolution}: the first lines of the README compile`, async () => {
      const options = ['--module', module, '--moduleResolution', resolution, '--target', 'es2022', '--types', 'node']
      const strictly = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--ignoreConfig']
      const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
      const { stdout, exitCode } = await execa(process.execPath, [compiler, ...options, ...strictly, 'first.ts'], {
        cwd: world.folder,
        reject: false,
      })
      assert.equal(stdout, '')
      assert.equal(exitCode, 0)
    })
  }
})

const OTHER_ENTRIES = `
import { observe } from 'runlet/otel'
import { datastore } from 'runlet/swamp'
export const others: [string, string] = [typeof observe, datastore.type]`
