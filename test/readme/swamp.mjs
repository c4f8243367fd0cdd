// A stand-in for swamp in the worlds of the pages' blocks, which cannot have it: knows the three commands that stand there, and asks the
// built datastore for what swamp asks a datastore for. Its configuration lies in swamp.json of its folder.
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const CONFIG = 'swamp.json'
const { datastore } = await import(
  pathToFileURL(join(rootAbove(import.meta.dirname), 'dist/integrations/swamp/datastore.js'))
)
const said = process.argv.slice(2)

const COMMANDS = {
  'datastore setup extension': async (type, option, config) => {
    if (type !== datastore.type || option !== '--config') throw new Error(`${type} ${option}: unknown`)
    await healthy(JSON.parse(config))
    await writeFile(CONFIG, config)
  },
  'datastore status': async () => console.log(await healthy(await configured())),
  'model method run': async (model, method) => {
    const config = await configured()
    await healthy(config)
    await sync(datastore.createProvider(config), `data/${model}/${method}/1/raw`)
  },
}

const [name, command] = Object.entries(COMMANDS).find(([name]) => said.join(' ').startsWith(name))
await command(...said.slice(name.split(' ').length))

async function configured() {
  return JSON.parse(await readFile(CONFIG, 'utf8'))
}

async function healthy(config) {
  const { healthy, message } = await datastore.createProvider(config).createVerifier().verify()
  if (!healthy) throw new Error(message)
  return message
}

async function sync(provider, path) {
  const folder = process.cwd()
  const cache = provider.resolveCachePath(folder) ?? join(folder, 'swamp-cache')
  const service = provider.createSyncService(folder, cache)
  await provider.createLock(provider.resolveDatastorePath(folder)).withLock(async () => {
    await service.pullChanged()
    await service.markDirty({ relPath: path })
    await mkdir(dirname(join(cache, path)), { recursive: true })
    await writeFile(join(cache, path), 'synced')
    await service.pushChanged()
  })
}

function rootAbove(folder) {
  return existsSync(join(folder, 'package-lock.json')) ? folder : rootAbove(dirname(folder))
}
