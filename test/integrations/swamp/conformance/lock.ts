// Swamp's locks.
import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import type { DistributedLock, LockInfo } from '../../../../lib/integrations/swamp/contract.ts'
import { bytes, range, type Sentence, sleep, text, type World } from './world.ts'

const lockIn = ({ provider, folder }: World, options?: Record<string, unknown>): DistributedLock =>
  provider().createLock(`${folder}/.swamp`, { retryIntervalMs: 50, ...options })

async function held(lock: DistributedLock): Promise<LockInfo> {
  const info = await lock.inspect()
  assert.ok(info, 'nobody holds it')
  return info
}

/** As swamp does it: by its own clock. */
const isStale = ({ acquiredAt, ttlMs }: LockInfo) => Date.now() - Date.parse(acquiredAt) > ttlMs

export const lockSentences: readonly Sentence[] = [
  {
    says: 'a lock is shown as free, held and free again, and releasing it twice is no error',
    async holds(world) {
      const lock = lockIn(world)
      assert.equal(await lock.inspect(), null)
      await lock.release()
      await lock.acquire()
      const info = await held(lock)
      assert.match(info.holder, /^.+@.+$/)
      assert.deepEqual([info.hostname, info.pid, info.ttlMs], [hostname(), process.pid, 30_000])
      assert.equal(new Date(info.acquiredAt).toISOString(), info.acquiredAt)
      assert.equal(isStale(info), false)
      assert.deepEqual((await held(lockIn(world))).nonce, info.nonce)
      await lock.release()
      await lock.release()
      assert.equal(await lock.inspect(), null)
      await lock.acquire()
      assert.notEqual((await held(lock)).nonce, info.nonce)
      await lock.release()
    },
  },
  {
    says: 'withLock holds the lock while its function runs, and gives its value or its error on',
    async holds(world) {
      const lock = lockIn(world)
      assert.equal(
        await lock.withLock(async () => {
          await held(lockIn(world))
          return 42
        }),
        42,
      )
      assert.equal(await lock.inspect(), null)
      await assert.rejects(
        lock.withLock(() => Promise.reject(new Error('of the function'))),
        /of the function/,
      )
      assert.equal(await lock.inspect(), null)
    },
  },
  {
    says: 'what is read, changed and written under a lock loses nothing, whoever else does the same',
    async holds(world) {
      const counter = () =>
        world.provider().createSyncService(world.folder, `${world.folder}/cache`).controlPlaneStore()
      await Promise.all(
        range(8).map(async () => {
          const [lock, records] = [lockIn(world, { lockKey: 'data/a/b/.lock' }), counter()]
          await lock.withLock(async () => {
            const count = Number(text(await records.get('count')) ?? 0)
            await sleep(5)
            await records.put('count', bytes(String(count + 1)))
          })
        }),
      )
      assert.equal(text(await counter().get('count')), '8')
    },
  },
  {
    says: 'who waits too long is told of the lock, its holder and the wait',
    async holds(world) {
      const options = { lockKey: 'data/@acme/host/h-1/.lock', maxWaitMs: 300 }
      const [holder, waiter] = [lockIn(world, options), lockIn(world, options)]
      await holder.acquire()
      const { holder: name, nonce } = await held(holder)
      await assert.rejects(waiter.acquire(), (error: InstanceType<typeof world.LockTimeoutError>) => {
        assert.ok(error instanceof world.LockTimeoutError)
        assert.equal(error.name, 'LockTimeoutError')
        assert.deepEqual([error.lockKey, error.holder?.nonce], [options.lockKey, nonce])
        assert.ok(error.waitedMs >= 300, String(error.waitedMs))
        for (const said of [options.lockKey, name, `pid ${process.pid}`, ' ms']) assert.ok(error.message.includes(said))
        return true
      })
      await holder.release()
      await waiter.acquire()
      await waiter.release()
    },
  },
  {
    says: 'a lock is freed by force by its nonce only, and who held it does not free it from the next one',
    async holds(world) {
      const [first, second] = [lockIn(world), lockIn(world)]
      assert.equal(await second.forceRelease('a nonce of nobody'), false)
      await first.acquire()
      const { nonce } = await held(first)
      assert.equal(await second.forceRelease('a nonce of nobody'), false)
      assert.equal((await held(second)).nonce, nonce)
      assert.equal(await second.forceRelease(nonce), true)
      assert.equal(await first.inspect(), null)
      assert.equal(await second.forceRelease(nonce), false)
      await second.acquire()
      const next = await held(second)
      await first.release()
      assert.equal((await held(first)).nonce, next.nonce)
      assert.equal(await first.forceRelease(nonce), false)
      await second.release()
    },
  },
  {
    says: 'a lock is renewed while it is held: nobody gets it, and nobody takes it for dead',
    async holds(world) {
      const options = { ttlMs: 4_000, maxWaitMs: 0 }
      const lock = lockIn(world, options)
      await lock.acquire()
      const { nonce } = await held(lock)
      for (const until = performance.now() + 5_000; performance.now() < until; await sleep(300)) {
        const info = await held(lockIn(world))
        assert.equal(info.nonce, nonce)
        assert.equal(isStale(info), false, `${info.acquiredAt} at ${new Date().toISOString()}`)
        await assert.rejects(lockIn(world, options).acquire(), world.LockTimeoutError)
      }
      await lock.release()
    },
  },
  {
    says: 'locks of different keys do not wait for one another, whatever is in the keys',
    async holds(world) {
      const keys = [
        undefined,
        'data/a/b/.lock',
        'data/A/b/.lock',
        'data/a b/c/.lock',
        'data/@ä/ü%2F/.lock',
        'x'.repeat(900),
      ]
      const locks = keys.map(lockKey => lockIn(world, { lockKey, maxWaitMs: 0 }))
      for (const lock of locks) await lock.acquire()
      for (const lockKey of keys)
        await assert.rejects(lockIn(world, { lockKey, maxWaitMs: 0 }).acquire(), world.LockTimeoutError)
      for (const lock of locks) await lock.release()
    },
  },
  {
    says: 'the lock of a namespace is the same, whether its key says so or its options do, and is no other’s',
    async holds(world) {
      const same = [
        [{ lockKey: '.locks/infra.lock' }, { namespace: 'infra' }],
        [{ lockKey: 'infra/data/a/b/.lock' }, { namespace: 'infra', lockKey: 'data/a/b/.lock' }],
      ]
      for (const [one, other] of same) {
        const lock = lockIn(world, one)
        await lock.acquire()
        const { nonce } = await held(lock)
        assert.equal((await held(lockIn(world, other))).nonce, nonce)
        assert.equal((await held(lockIn(world, { ...one, namespace: 'infra' }))).nonce, nonce)
        assert.equal(await lockIn(world, { lockKey: other?.lockKey }).inspect(), null)
        assert.equal(await lockIn(world, { lockKey: other?.lockKey, namespace: 'apps' }).inspect(), null)
        await lock.release()
      }
    },
  },
]
