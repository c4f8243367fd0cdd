// The S3 store on a real Ceph RADOS gateway, which test/ceph/run.sh starts and names in the environment.
// It shows what a test server of our own cannot: that a real engine's conditional writes are atomic between processes.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { openS3Store } from '../../lib/store/s3/s3-store.ts'
import { found, text } from '../store/suite/support.ts'
import { storeSuite } from '../store/suite.ts'
import { programBeside } from '../support/programs.ts'

const { RUNLET_CEPH_ENDPOINT: endpoint, RUNLET_CEPH_BUCKET: bucket } = process.env
if (!endpoint || !bucket) throw new Error('no Ceph to test on: start this with `npm run test:ceph`')

const PROCESSES = 8
const INCREMENTS = 100
const urlOf = (prefix: string) => `s3://${bucket}/${prefix}?endpoint=${endpoint}`
const run = promisify(execFile)

storeSuite(
  'the S3 store on Ceph',
  async () => {
    const store = await openS3Store(urlOf('suite'))
    return { store, done: () => store.close() }
  },
  { etags: 'content' },
)

test(`${PROCESSES} processes add ${INCREMENTS} writes each to one object, and each is there once`, async t => {
  const url = urlOf('increments')
  const store = await openS3Store(url)
  await store.put('count', text('[]'))
  const { script, execArgv } = programBeside(import.meta.url, 'incrementer')
  const processes = Array.from({ length: PROCESSES }, (_, index) => {
    return run(process.execPath, [...execArgv, script, url, 'count', `p${index}`, String(INCREMENTS)])
  })
  const outcomes = (await Promise.all(processes)).map(({ stdout }) => JSON.parse(stdout) as Record<string, number>)
  for (const [index, outcome] of outcomes.entries()) t.diagnostic(`process ${index}: ${JSON.stringify(outcome)}`)
  const writes: string[] = JSON.parse(String(Buffer.from((await found(store, 'count')).body)))
  assert.equal(writes.length, PROCESSES * INCREMENTS)
  assert.equal(new Set(writes).size, writes.length)
  await store.close()
})

test('what was tested is a RADOS gateway', async () => {
  const answer = await fetch(endpoint)
  assert.match(answer.headers.get('x-amz-request-id') ?? '', /^tx[0-9a-f]+-/)
})
