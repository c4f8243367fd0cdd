// A swamp command as a process of its own: acquires a lock, says so, and holds it until it is told to release it, or killed.
import { datastore } from '../../lib/integrations/swamp/datastore.ts'
import { done, jobOf, say, told } from './worker.ts'

export interface SwampLockJob {
  readonly store: string
  readonly lockKey: string
  readonly ttlMs: number
}

const { store, ...options } = jobOf<SwampLockJob>()
const lock = datastore.createProvider({ store }).createLock('.swamp', { ...options, retryIntervalMs: 100 })
const release = told('release')
await say('waiting')
await lock.acquire()
await say('held', { nonce: (await lock.inspect())?.nonce })
await release
await lock.release()
done()
