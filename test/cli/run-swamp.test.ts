// `runlet run -- swamp …`: a pipeline of swamp commands in a run, without a word to swamp about it. What stands in for swamp is a program
// that asks the built datastore for what swamp asks a datastore for.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { ROOT } from '../support/programs.ts'
import { AT_ONCE, aPlace, startProgram, textAt } from './support.ts'

const DATASTORE = pathToFileURL(join(ROOT, 'dist', 'integrations', 'swamp', 'datastore.js')).href

/** `swamp.mjs PATH CONTENT`: shows what lies under a path of the cache, and writes something else there. */
const SWAMP = `
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { datastore } from ${JSON.stringify(DATASTORE)}
const [path, content, config = '{}'] = process.argv.slice(2)
const folder = import.meta.dirname
const provider = datastore.createProvider({ store: 'file:' + folder + '/.runlet/store', parent: 'main', ...JSON.parse(config) })
const cache = provider.resolveCachePath(folder) ?? join(folder, 'cache')
const health = await provider.createVerifier().verify()
if (!health.healthy) throw new Error(health.message)
const sync = provider.createSyncService(folder, cache)
await provider.createLock(provider.resolveDatastorePath(folder)).withLock(async () => {
  await sync.pullChanged()
  console.log(await readFile(join(cache, path), 'utf8').catch(() => 'nothing'))
  await sync.markDirty({ relPath: path })
  await mkdir(dirname(join(cache, path)), { recursive: true })
  await writeFile(join(cache, path), content)
  await sync.commitPush(await sync.preparePush())
})`

const PATH = 'data/acme/h-1/state/1/raw'

async function aRepository() {
  const place = await aPlace()
  await writeFile(join(place.folder, 'swamp.mjs'), SWAMP)
  const at = { cwd: place.folder, env: { RUNLET_CACHE: join(place.folder, 'caches') } }
  return {
    ...place,
    runlet: (...args: string[]) => place.runlet(args, at),
    shell: (script: string) => startProgram('sh', ['-c', script], at).ended,
  }
}

const swamp = (content: string, ...config: string[]): string =>
  [process.execPath, 'swamp.mjs', PATH, content, ...config].map(part => `'${part}'`).join(' ')

describe('swamp in a run', AT_ONCE, () => {
  test('sees what the run has, and nobody sees what it changes before the run is folded', async () => {
    const { main, runlet } = await aRepository()
    await main.put(PATH, 'parent')
    const script = `${swamp('one')} && ${swamp('two')} && ls cache 2>/dev/null || echo no shared cache`
    const { code, stdout, stderr } = await runlet('run', '--id', 'b', '--', 'sh', '-c', script)
    assert.deepEqual([code, stdout], [0, 'parent\none\nno shared cache\n'], stderr)
    assert.equal(await textAt(main, PATH), 'two')
  })

  test('leaves the parent as it was when the pipeline fails', async () => {
    const { main, runlet } = await aRepository()
    const { code } = await runlet('run', '--id', 'b', '--', 'sh', '-c', `${swamp('one')} && exit 7`)
    assert.equal(code, 7)
    assert.equal(await main.get(PATH), undefined)
    assert.equal((await runlet('get', PATH, '--namespace', 'main/b')).stdout, 'one')
  })

  test('works in the parent when there is none, and with `run` in that one until it is folded', async () => {
    const { main, runlet, shell } = await aRepository()
    const inRun = JSON.stringify({ run: 'nightly' })
    assert.equal((await shell(swamp('parent'))).stdout, 'nothing\n')
    assert.equal((await shell(swamp('run', inRun))).stdout, 'parent\n')
    assert.equal((await shell(swamp('again', inRun))).stdout, 'run\n')
    assert.equal(await textAt(main, PATH), 'parent')
    assert.equal((await runlet('fold', 'nightly')).code, 0)
    assert.equal(await textAt(main, PATH), 'again')
    const { code, stderr } = await shell(swamp('late', inRun))
    assert.notEqual(code, 0)
    assert.match(stderr, /"main\/nightly" is folded/)
  })
})
