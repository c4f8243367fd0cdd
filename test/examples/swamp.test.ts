// The extension that users of swamp install: what stands in its files has to agree with one another, and with the package.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { DATASTORE_TYPE } from '../../lib/integrations/swamp/config.ts'

const FOLDER = 'examples/swamp'
const read = (path: string): Promise<string> => readFile(path, 'utf8')

/** `name: value` of the manifest, and the items of a list. */
const fieldOf = (manifest: string, key: string): string | undefined =>
  new RegExp(`^${key}: "?([^"\n]+)"?$`, 'm').exec(manifest)?.[1]
const listOf = (manifest: string, key: string): string[] =>
  (new RegExp(`^${key}:\n((?: {2}- .+\n)+)`, 'm').exec(manifest)?.[1] ?? '').split(/\n? {2}- |\n/).filter(Boolean)

test('the extension has the type that the manifest and the package name', async () => {
  const [extension, manifest] = await Promise.all([
    read(`${FOLDER}/extensions/datastores/runlet.ts`),
    read(`${FOLDER}/manifest.yaml`),
  ])
  // Swamp looks for the type in the text.
  assert.equal(/type: '([^']+)'/.exec(extension)?.[1], DATASTORE_TYPE)
  assert.equal(fieldOf(manifest, 'name'), DATASTORE_TYPE)
  assert.equal(fieldOf(manifest, 'manifestVersion'), '1')
  assert.match(fieldOf(manifest, 'version') ?? '', /^\d{4}\.\d{2}\.\d{2}\.\d+$/)
})

test('the manifest names files that are there', async () => {
  const manifest = await read(`${FOLDER}/manifest.yaml`)
  const [datastores, others] = [listOf(manifest, 'datastores'), listOf(manifest, 'additionalFiles')]
  assert.deepEqual([datastores, others], [['runlet.ts'], ['README.md']])
  for (const file of datastores) assert.ok((await stat(join(FOLDER, 'extensions/datastores', file))).isFile())
  for (const file of others) assert.ok((await stat(join(FOLDER, file))).isFile())
})

test('whoever writes of the package from npm means the version of this one', async () => {
  const { name, version } = JSON.parse(await read('package.json'))
  for (const file of [`${FOLDER}/extensions/datastores/runlet.ts`, `${FOLDER}/README.md`, 'README.md']) {
    const meant = [...(await read(file)).matchAll(/npm:([\w-]+)@([\w.-]+)\/swamp/g)].map(([, ...found]) => found)
    assert.ok(meant.length > 0, file)
    for (const found of meant) assert.deepEqual(found, [name, version], file)
  }
})

test('the extension is what swamp asks of a datastore', async () => {
  const text = await read(`${FOLDER}/extensions/datastores/runlet.ts`)
  const package_ = new URL('../../lib/integrations/swamp/datastore.ts', import.meta.url).href
  const here = import.meta.url.endsWith('.js') ? package_.replace(/\.ts$/, '.js') : package_
  const folder = await mkdtemp(join(tmpdir(), 'runlet-swamp-extension-'))
  try {
    const file = join(folder, 'runlet.mjs')
    await writeFile(file, text.replace(/'npm:[^']+'/, JSON.stringify(here)))
    const { datastore } = await import(pathToFileURL(file).href)
    assert.equal(datastore.type, DATASTORE_TYPE)
    const provider = datastore.createProvider(datastore.configSchema.parse({ store: `file:${folder}/store` }))
    for (const asked of ['createLock', 'createVerifier', 'createSyncService', 'resolveDatastorePath'])
      assert.equal(typeof provider[asked], 'function', asked)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
