// The memory store passes the store suite.
import { MemoryStore } from '../../lib/store/memory/memory-store.ts'
import { storeSuite } from './suite.ts'

storeSuite('the memory store', async () => ({ store: new MemoryStore(), done: async () => {} }))
