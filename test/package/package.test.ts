// The package as a stranger gets it, used by its name only: what it holds, and what it needs. That what README says of it works is tried in
// test/readme.
import assert from 'node:assert/strict'
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { execa } from 'execa'
import { publint } from 'publint'
import { type Packed, packed } from './packed.ts'

describe('the packed package', () => {
  let world: Packed
  let folder: string
  before(async () => {
    world = await packed()
    folder = world.folder
  })
  after(() => world.remove())

  const codeOf = (file: string) => readFile(join(folder, 'node_modules', 'runlet', file), 'utf8')

  test('holds what is run and read, and nothing else', () => {
    for (const file of [
      'package.json',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/integrations/otel/observe.js',
      'dist/integrations/swamp/datastore.js',
      'dist/cli/main.js',
      'dist/cli/help.txt',
    ]) {
      assert.ok(world.files.includes(file), `${file} is missing`)
    }
    assert.deepEqual(
      world.files.filter(
        file =>
          !/^(dist\/.+\.(js|d\.ts)|dist\/cli\/help\.txt|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(file),
      ),
      [],
    )
  })

  test('has the licences of what is in its bundles', async () => {
    for (const [file, packages] of [
      ['dist/vendor/zod.js', ['zod']],
      ['dist/vendor/commander.js', ['commander']],
      ['dist/vendor/execa.js', ['execa', 'cross-spawn', 'isexe']],
      ['dist/cli/report/page.js', ['d3-scale', 'd3-selection']],
    ] as const) {
      const code = await codeOf(file)
      // Whoever bundles it once more has one of the same name.
      assert.doesNotMatch(code, /createRequire|__require/, file)
      const licences = [...code.matchAll(/^\/\*! (.+?)\n(.+?)^\*\//gms)].flatMap(([, names = '', text = '']) =>
        names.split(', ').map(name => [name.replace(/ [\d.]+$/, ''), text] as const),
      )
      for (const [name, text] of licences) assert.match(text, /copyright/i, name)
      assert.deepEqual(
        packages.filter(name => !licences.some(([one]) => one === name)),
        [],
      )
    }
  })

  test('takes of a package that is in a bundle nothing else', async () => {
    for (const file of world.files.filter(file => /\.js$/.test(file))) {
      assert.doesNotMatch(await codeOf(file), /(from |import\()['"](zod|execa|commander)['"]/, file)
    }
  })

  test('refers to no source map, for none is in it', async () => {
    for (const file of world.files.filter(file => file.endsWith('.js'))) {
      const code = await codeOf(file)
      assert.ok(!/^\/\/# sourceMappingURL=/m.test(code), file)
    }
  })

  test('has a command that starts', async () => {
    const { bin, version } = JSON.parse(await readFile(join(folder, 'node_modules', 'runlet', 'package.json'), 'utf8'))
    const command = join(folder, 'node_modules', 'runlet', bin.runlet)
    assert.match(await readFile(command, 'utf8'), /^#!\/usr\/bin\/env node\n/)
    assert.equal((await execa(process.execPath, [command, '--version'])).stdout, version)
  })

  test('exports what its package.json says, with types', async () => {
    const { messages } = await publint({ pkgDir: join(folder, 'node_modules', 'runlet'), strict: true })
    assert.deepEqual(messages, [])
    await access(join(folder, 'node_modules', 'runlet', 'dist', 'index.d.ts'))
  })

  test('asks for the API of OpenTelemetry where it is needed and not installed', async () => {
    const args = ['-e', "import('runlet/otel')"]
    const { stderr } = await execa(process.execPath, args, { cwd: folder, reject: false })
    assert.match(stderr, /Cannot find package '@opentelemetry\/api'/)
  })
})
