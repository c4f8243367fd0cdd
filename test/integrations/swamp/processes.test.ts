// Real processes that want one of swamp's locks, one of which is killed while it has it.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { DistributedLock } from '../../../lib/integrations/swamp/contract.ts'
import { datastore } from '../../../lib/integrations/swamp/datastore.ts'
import { aRoot } from '../../support/file-world.ts'
import { Fleet } from '../../support/fleet.ts'
import { type S3Server, startS3Server, useTestCredentials } from '../../support/s3-server.ts'

useTestCredentials()

const TTL_MS = 5_000
const LOCK = { lockKey: 'data/@acme/host/h-1/.lock', ttlMs: TTL_MS }

describe('a lock whose holder is killed', { concurrency: true }, () => {
  let server: S3Server
  const fleet = new Fleet()
  before(async () => {
    server = await startS3Server()
  })
  after(async () => {
    await fleet.end()
    await server.close()
  })

  for (const [kind, place] of [
    ['a folder', async () => `file:${await aRoot()}`],
    ['S3', async () => server.url('locks')],
  ] as const) {
    test(`goes to the next one when its time is over, on ${kind}`, () => place().then(takeOver))
  }

  async function takeOver(store: string): Promise<void> {
    const lock: DistributedLock = datastore.createProvider({ store }).createLock('.swamp', { ...LOCK, maxWaitMs: 0 })
    const [first, second] = [0, 1].map(() => fleet.start('swamp-lock-worker', { store, ...LOCK }))
    assert.ok(first && second)
    const winner = await Promise.race([first, second].map(each => each.hears('held').then(() => each)))
    const loser = winner === first ? second : first
    await loser.hears('waiting')
    const held = await lock.inspect()
    await assert.rejects(lock.acquire(), { name: 'LockTimeoutError' })
    const killedAt = performance.now()
    winner.kill('SIGKILL')
    await winner.ended
    const { nonce } = await loser.hears('held')
    const blockedMs = performance.now() - killedAt
    assert.ok(blockedMs > TTL_MS / 4, `taken from a holder that may have lived: after ${blockedMs} ms`)
    assert.notEqual(nonce, held?.nonce)
    assert.equal((await lock.inspect())?.nonce, nonce)
    assert.equal(await lock.forceRelease(held?.nonce ?? ''), false)
    loser.tell('release')
    assert.equal((await loser.ended).by, 0)
    assert.equal(await lock.inspect(), null)
  }
})
