// The package as a stranger gets it: packed, unpacked into an empty folder, and used by its name only.
import assert from 'node:assert/strict'
import { access, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { execa } from 'execa'
import { publint } from 'publint'
import { ROOT } from '../support/programs.ts'

const OPTIONAL = '@opentelemetry'

describe('the packed package', () => {
  let folder: string
  let files: string[]
  const link = (name: string) => symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
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
    // What a stranger need not have is not there.
    for (const name of await readdir(join(ROOT, 'node_modules'))) {
      if (!name.startsWith('.') && name !== OPTIONAL) await link(name)
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
      'dist/integrations/otel/observe.js',
      'dist/integrations/swamp/datastore.js',
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
    await writeFile(join(folder, 'first.mjs'), await snippet(/withRunNamespace/))
    const { stdout } = await execa(process.execPath, ['first.mjs'], { cwd: folder })
    assert.deepEqual(stdout.split('\n'), ['folded 1 rows as commit 1', 'results/build-1742.json 11', '42'])
  })

  test('has a command that starts', async () => {
    const { bin, version } = JSON.parse(await readFile(join(folder, 'node_modules', 'runlet', 'package.json'), 'utf8'))
    const command = join(folder, 'node_modules', 'runlet', bin.runlet)
    assert.match(await readFile(command, 'utf8'), /^#!\/usr\/bin\/env node\n/)
    assert.equal((await execa(process.execPath, [command, '--version'])).stdout, version)
  })

  test('is a datastore of swamp in a line, as the README says', async () => {
    const extension = await snippet(/\/swamp/, 'js')
    const source = extension.replace(/npm:runlet@[^/]+\//, 'runlet/')
    await writeFile(
      join(folder, 'extension.mjs'),
      `${source}\nconst health = await datastore.createProvider({ store: 'memory:' }).createVerifier().verify()
      console.log(datastore.type, health.healthy)`,
    )
    const { stdout } = await execa(process.execPath, ['extension.mjs'], { cwd: folder })
    assert.equal(stdout, '@runlet/runlet true')
  })

  test('exports what its package.json says, with types', async () => {
    const { messages } = await publint({ pkgDir: join(folder, 'node_modules', 'runlet'), strict: true })
    assert.deepEqual(messages, [])
    await access(join(folder, 'node_modules', 'runlet', 'dist', 'index.d.ts'))
  })

  test('tells of what happens to who subscribes, as the README says', async () => {
    const first = await snippet(/withRunNamespace/)
    await writeFile(join(folder, 'subscribed.mts'), `${await snippet(/subscribe\(/)}\n${first}`)
    const { stderr } = await execa(process.execPath, ['--import', 'tsx', 'subscribed.mts'], { cwd: folder })
    assert.match(stderr, /^control-plane\/build-1742: ok after \d+ ms$/)
  })

  test('traces with OpenTelemetry as the README says, once that is installed, and asks for it until then', async () => {
    await writeFile(join(folder, 'observed.mjs'), `${IN_MEMORY_SDK}\n${await snippet(/runlet\/otel/)}\n${TELL_SPANS}`)
    const without = await execa(process.execPath, ['-e', "import('runlet/otel')"], { cwd: folder, reject: false })
    assert.match(without.stderr, /Cannot find package '@opentelemetry\/api'/)
    await link(OPTIONAL)
    const { stdout } = await execa(process.execPath, ['observed.mjs'], { cwd: folder })
    const [job, ...below] = stdout.split('\n')
    assert.equal(job, 'build-1742')
    for (const name of ['runlet.request put', 'runlet.commit', 'runlet.fold', 'runlet.lease.hold'])
      assert.ok(below.includes(`build-1742 > ${name}`), `${name} is missing in:\n${stdout}`)
  })
})

/** The first code of the README that matches. */
async function snippet(about: RegExp, language = 'ts'): Promise<string> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  const codes = [...readme.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
  const code = codes.find(([, written = '', each = '']) => written === language && about.test(each))?.[2]
  assert.ok(code, `no code in the README matches ${about}`)
  return code
}

const IN_MEMORY_SDK = `
import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
const exporter = new InMemorySpanExporter()
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))`

const TELL_SPANS = `
const spans = exporter.getFinishedSpans()
const root = spans.find(span => !span.parentSpanContext && span.name === 'build-1742')
const below = spans.filter(span => span.parentSpanContext?.spanId === root.spanContext().spanId)
console.log([root.name, ...below.map(span => root.name + ' > ' + span.name)].join('\\n'))`
