// The datastore of swamp under the real Deno (npm's `deno` package) against a real Ceph RADOS gateway: the built package held to swamp's
// contract, and its sync service from the sources.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { execa } from 'execa'
import { cephUrl } from './gateway.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runlet-deno-'))
})
after(() => rm(folder, { recursive: true, force: true }))

async function deno(...args: string[]): Promise<string> {
  const env = { DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1', RUNLET_CACHE: join(folder, 'cache') }
  const { exitCode, all } = await execa('deno', args, { preferLocal: true, reject: false, all: true, env })
  assert.equal(exitCode, 0, all)
  return all
}

test('the built datastore holds each sentence of the contract on Ceph under Deno', async () => {
  const entry = pathToFileURL(resolve('dist/integrations/swamp/datastore.js')).href
  const program = resolve('test/integrations/swamp/conformance.deno.ts')
  const told = await deno('run', '--allow-all', '--no-check', program, entry, cephUrl('swamp-deno'))
  const [, held, all] = /(\d+) of (\d+) sentences hold under Deno/.exec(told) ?? []
  assert.ok(held === all && Number(all) > 20, told)
})

test('its sync service keeps what swamp relies on, on Ceph under Deno', async () => {
  const told = await deno('test', '--allow-all', '--no-check', resolve('test/ceph/swamp-sync.test.ts'))
  assert.match(told, /ok \| \d+ passed/)
})
