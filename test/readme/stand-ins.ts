// What the worlds of blocks have in place of programs that a test cannot have: npm (it would run the tests within themselves), swamp, and
// the bundler that Deno fetches from the network.
import assert from 'node:assert/strict'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { contentOf } from '../cli/support.ts'
import { ROOT } from '../support/programs.ts'
import type { World } from './world.ts'

const [NPM, SWAMP] = ['npm.mjs', 'swamp.mjs'].map(name => fileURLToPath(new URL(name, import.meta.url)))

/** A checkout as `npm run …` needs it, with a small repository for the examples to work on. `more`: arguments that make a demo shorter. */
export async function aClone(world: World, more = ''): Promise<void> {
  await world.repository()
  await world.program('npm', `exec "${process.execPath}" "${NPM}" "$@"`)
  Object.assign(world.env, { NPM_MORE: more, NPM_NOTES: join(world.home, 'npm-notes') })
}

/** The block has npm do just this (see npm.mjs). What is packed and installed is what test/package packs and installs. */
export async function assertNoted(world: World, calls: readonly string[]): Promise<void> {
  const noted = await readFile(join(world.home, 'npm-notes'), 'utf8')
  assert.deepEqual(noted.trimEnd().split('\n'), calls)
}

/** A check from a fresh clone does it, too. */
export async function assertDoneByTheCheck(world: World, calls: readonly string[]): Promise<void> {
  await assertNoted(world, calls)
  const check = await readFile(join(ROOT, '.ci', 'run'), 'utf8')
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  for (const call of new Set(calls)) {
    if (call === 'npm run build') assert.equal(scripts.pretest, call)
    else assert.match(check, new RegExp(`^(limited \\d+ )?${call.replace('install', 'ci')}\\b`, 'm'))
  }
}

/** Swamp on the PATH, set up for a store with that configuration, and `runlet init` done for the same. */
export async function aSwamp(world: World, config?: { store: string; parent: string }): Promise<void> {
  await world.program('swamp', `exec "${process.execPath}" "${SWAMP}" "$@"`)
  if (!config) return
  const store = await world.atServer(config.store)
  await (await world.store(store)).namespace(config.parent, { create: true })
  await writeFile(join(world.folder, 'swamp.json'), JSON.stringify({ ...config, store }))
  await writeFile(join(world.folder, 'runlet.config.json'), JSON.stringify({ store, namespace: config.parent }))
}

/** What swamp synced in its run is in the parent. */
export async function assertSynced(world: World, models: readonly string[]): Promise<void> {
  const { store, namespace } = JSON.parse(await readFile(join(world.folder, 'runlet.config.json'), 'utf8'))
  const content = await contentOf(await (await world.store(store)).namespace(namespace))
  for (const model of models)
    assert.equal(content[`data/${model}/sync/1/raw`], 'synced', Object.keys(content).join(' '))
}

/** `npx deno bundle --platform deno -o FILE ENTRY` in a checkout: by the project's own esbuild, which is what Deno fetches for it. */
export async function aBundler(world: World): Promise<void> {
  for (const name of ['dist', 'node_modules', 'package.json']) await symlink(join(ROOT, name), join(world.folder, name))
  await world.program(
    'npx',
    'test "$1 $2 $3 $4 $5" = "deno bundle --platform deno -o" || exit 1',
    'exec node_modules/.bin/esbuild "$7" --outfile="$6" --bundle --platform=node --format=esm --log-level=warning \\',
    `  --banner:js="import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)"`,
  )
}

export async function assertIsADatastore(file: string): Promise<void> {
  const { datastore } = await import(pathToFileURL(file).href)
  const { healthy } = await datastore.createProvider({ store: 'memory:' }).createVerifier().verify()
  assert.ok(healthy)
}
