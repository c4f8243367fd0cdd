// The package as a stranger gets it: packed, unpacked into an empty folder, and used by its name only.
import assert from 'node:assert/strict'
import { access, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { execa } from 'execa'
import { publint } from 'publint'

const ROOT = resolve(import.meta.dirname, '../..')

describe('the packed package', () => {
  let folder: string
  let files: string[]
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runlet-pack-'))
    // Without scripts: `npm test` has built, and a build now would pull dist from under other tests.
    const packed = await execa('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
      cwd: ROOT,
    })
    const [{ filename, files: listed }] = JSON.parse(packed.stdout)
    files = listed.map((file: { path: string }) => file.path)
    await mkdir(join(folder, 'node_modules', 'runlet'), { recursive: true })
    await execa('tar', [
      '-xzf',
      join(folder, filename),
      '--strip-components=1',
      '-C',
      join(folder, 'node_modules', 'runlet'),
    ])
    for (const name of await readdir(join(ROOT, 'node_modules'))) {
      if (!name.startsWith('.')) await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
    }
  })
  after(() => rm(folder, { recursive: true, force: true }))

  test('holds what is run and read, and nothing else', () => {
    for (const file of [
      'package.json',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/cli/main.js',
    ]) {
      assert.ok(files.includes(file), `${file} is missing`)
    }
    assert.deepEqual(
      files.filter(file => !/^(dist\/.+\.(js|d\.ts)|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(file)),
      [],
    )
  })

  test('does the main job when it is imported by its name: the first lines of the README', async () => {
    const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
    const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
    assert.match(code, /withRunNamespace/)
    await writeFile(join(folder, 'first.mjs'), code)
    const { stdout } = await execa(process.execPath, ['first.mjs'], { cwd: folder })
    assert.deepEqual(stdout.split('\n'), ['folded 1 rows as commit 1', 'results/build-1742.json 11', '42'])
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
})
