// The verbs for swamp, as a user calls them: what they write, and how they end.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import type { ObjectStore } from '../../lib/store/object-store.ts'
import { openObjectStore } from '../../lib/store/open.ts'
import { type S3Server, startS3Server, useTestCredentials } from '../support/s3-server.ts'
import { SwampDatastore } from '../support/swamp-datastore.ts'
import { aFolder, startRunlet, until } from './support.ts'

useTestCredentials()
let server: S3Server
let objects: ObjectStore
let swamp: SwampDatastore
let cwd: string
before(async () => {
  server = await startS3Server()
  objects = await openObjectStore(server.url('bucket', 'swamp'), systemAmbient, { folder: '/' })
  swamp = new SwampDatastore(objects)
  cwd = await aFolder()
})
after(() => Promise.all([objects.close(), server.close()]))

const start = (...args: string[]) => startRunlet(['--store', server.url('bucket', 'runlet'), ...args], { cwd })
const runlet = (...args: string[]) => start(...args).ended
const url = () => server.url('bucket', 'swamp')

test('runlet import swamp tells what it did, verifies, names what is wrong, and exports', async () => {
  await swamp.push({ 'data/a/1/raw': 'one', 'data/a/2/raw': 'two' })
  const imported = await runlet('import', 'swamp', url(), '--into', 'main')
  assert.equal(imported.code, 0, imported.stderr)
  assert.match(
    imported.stderr,
    /^runlet: imported into main: 2 put, 0 deleted, seq 1 \(2 files, 6 B in swamp; \d+ requests\)\n$/,
  )
  assert.equal(imported.stdout, '')

  await swamp.push({ 'data/a/2/raw': 'changed' })
  const differs = await runlet('import', 'swamp', url(), '--into', 'main', '--verify')
  assert.deepEqual([differs.code, differs.stdout], [1, 'different  data/a/2/raw\n'])
  const rule = '{"path":"data/{name}/{version}/raw","keep":{"newest":1,"by":"version"}}'
  const retained = await runlet('import', 'swamp', url(), '--into', 'main', '--json', '--retain', rule)
  const { put, deleted, leftOut } = JSON.parse(retained.stdout)
  assert.deepEqual([put, deleted, leftOut], [1, 1, 1])

  swamp.entries.set('gone', { key: 'gone', size: 1, lastModified: '' })
  await swamp.publish()
  const refused = await runlet('import', 'swamp', url(), '--into', 'main')
  assert.equal(refused.code, 1)
  assert.match(refused.stdout, /^missing-object: 1 \(.*\)\n {2}gone\n$/)
  assert.match(refused.stderr, /\[ERR_RUNLET_SWAMP_PROBLEMS\]\n$/)
  swamp.entries.delete('gone')
  await swamp.publish()

  const exported = await runlet('export', 'swamp', url(), '--from', 'main', '--json')
  assert.equal(exported.code, 0, exported.stderr)
  assert.equal(JSON.parse(exported.stdout).kept, 1)
})

test('runlet import swamp --follow takes over what is pushed, until it is stopped', async () => {
  await swamp.push({ 'followed/1': 'one' })
  const following = start('import', 'swamp', url(), '--into', 'followed', '--follow', '--every', '1s', '--json')
  const reports = () =>
    following
      .said()
      .split('\n')
      .filter(line => line.startsWith('{'))
      .map(line => JSON.parse(line))
  await until('the first import', () => reports()[0])
  await swamp.push({ 'followed/2': 'two' })
  const second = await until('the second import', () => reports()[1])
  assert.deepEqual([second.put, second.seq], [1, 2])
  following.process.kill('SIGINT')
  assert.equal((await following.ended).code, 130)
})

test('wrong usage is refused with the remedy', async () => {
  const [nowhere, rule, both] = await Promise.all([
    runlet('import', 'swamp', 'file:x', '--into', 'main'),
    runlet('import', 'swamp', url(), '--into', 'main', '--retain', '{'),
    runlet('import', 'swamp', url(), '--into', 'main', '--follow', '--verify'),
  ])
  assert.deepEqual([nowhere.code, rule.code, both.code], [2, 2, 2])
  assert.match(nowhere.stderr, /is no bucket/)
  assert.match(rule.stderr, /neither JSON nor "config"/)
  assert.match(both.stderr, /does not go with/)
})
