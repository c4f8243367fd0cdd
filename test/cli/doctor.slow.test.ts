// `runlet doctor` as its users run it: what it prints, its exit codes, and that a signal leaves nothing in the store.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { type S3Server, startS3Server, useTestCredentials } from '../support/s3-server.ts'
import { aFolder, documents, startRunlet, until } from './support.ts'

useTestCredentials()
let server: S3Server
before(async () => {
  server = await startS3Server()
})
afterEach(() => server.reset({ objects: true }))
after(() => server.close())

describe('runlet doctor', () => {
  test('tells what the store can do, a line for each property, without a namespace, and leaves nothing behind', async () => {
    const cwd = await aFolder()
    const { code, stdout, stderr } = await startRunlet(['doctor', '--store', 'file:s'], { cwd }).ended
    assert.equal(code, 0, stderr)
    const lines = stdout.trimEnd().split('\n')
    assert.match(lines.at(-1) ?? '', /^file:\S+ is fit for runlet/)
    const columns = lines.slice(0, -1).filter(line => !line.includes('-> '))
    assert.ok(columns.length >= 24)
    const start = columns[0]?.indexOf('the store answers')
    for (const line of columns) {
      assert.match(line, /^(ok {4}|advice) {2}\S/)
      assert.match(line.slice(start), /^\S/, line)
      assert.equal(line[(start ?? 0) - 1], ' ', line)
    }
    assert.deepEqual(await readdir(join(cwd, 's'), { recursive: true }), ['.tmp'])
  })

  test('tells the same as one document, with what it measured', async () => {
    const cwd = await aFolder()
    const [report] = documents((await startRunlet(['doctor', '--store', 'memory:', '--json'], { cwd }).ended).stdout)
    assert.deepEqual(Object.keys(report ?? {}), ['ok', 'url', 'checks'])
    const checks = (report?.checks ?? []) as { name: string; figures?: Record<string, number> }[]
    const figures = checks.flatMap(check => Object.keys(check.figures ?? {}))
    assert.deepEqual(figures, ['differenceMs', 'putMs', 'worstPutMs', 'getMs', 'worstGetMs', 'swapsPerSecond'])
  })

  test('exits with 1 where conditions on puts are ignored, and says what to do', async () => {
    server.breakPromises({ ignores: ['if-none-match', 'if-match'] })
    const { code, stdout } = await startRunlet(['doctor', '--store', server.url('bucket')]).ended
    assert.equal(code, 1)
    assert.match(stdout, /^FAILED {2}create if absent +\S.*ignores If-None-Match.*; so two writers can both/m)
    assert.match(stdout, /^ +-> Upgrade the store/m)
    assert.match(stdout, / is not fit for runlet: 4 required properties failed/)
    assert.equal(server.objects('bucket').size, 0)
  })

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    test(`removes what it wrote when ${signal} ends it`, async () => {
      const started = startRunlet(['doctor', '--store', server.url('bucket')])
      await until('a race', () => server.requests.some(({ key }) => key.includes('/create-race-1')))
      started.process.kill(signal)
      const { code: exit, stdout, stderr } = await started.ended
      assert.equal(exit, code)
      assert.match(stderr, /^runlet: stopped; removing what was written\n$/)
      assert.match(stdout, /clean-up +what was written is deleted/)
      assert.equal(server.objects('bucket').size, 0)
    })
  }

  test('that was killed is cleaned up after by the next one, an hour later', async () => {
    const started = startRunlet(['doctor', '--store', server.url('bucket')])
    await until('a race', () => server.requests.some(({ key }) => key.includes('/create-race-1')))
    started.process.kill('SIGKILL')
    await started.ended
    assert.ok(server.objects('bucket').size > 0)
    server.age('bucket', /./, 2 * 3600_000)
    const { code, stdout } = await startRunlet(['doctor', '--store', server.url('bucket')]).ended
    assert.equal(code, 0, stdout)
    assert.match(stdout, /clean-up +what was written is deleted, and \d+ that an earlier doctor left/)
    assert.equal(server.objects('bucket').size, 0)
  })
})
