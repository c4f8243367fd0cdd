// The package as a stranger gets it, used by its name only: what it holds, and that each way to use it works.
import assert from 'node:assert/strict'
import { access, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { execa } from 'execa'
import { publint } from 'publint'
import { OPTIONAL, type Packed, packed, snippet } from './packed.ts'

describe('the packed package', () => {
  let world: Packed
  let folder: string
  before(async () => {
    world = await packed()
    folder = world.folder
  })
  after(() => world.remove())

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
      assert.ok(world.files.includes(file), `${file} is missing`)
    }
    assert.deepEqual(
      world.files.filter(file => !/^(dist\/.+\.(js|d\.ts)|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(file)),
      [],
    )
  })

  test('refers to no source map, for none is in it', async () => {
    for (const file of world.files.filter(file => file.endsWith('.js'))) {
      const code = await readFile(join(folder, 'node_modules', 'runlet', file), 'utf8')
      assert.ok(!/^\/\/# sourceMappingURL=/m.test(code), file)
    }
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
    await world.link(OPTIONAL)
    const { stdout } = await execa(process.execPath, ['observed.mjs'], { cwd: folder })
    const [job, ...below] = stdout.split('\n')
    assert.equal(job, 'build-1742')
    for (const name of ['runlet.request put', 'runlet.commit', 'runlet.fold', 'runlet.lease.hold'])
      assert.ok(below.includes(`build-1742 > ${name}`), `${name} is missing in:\n${stdout}`)
  })
})

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
