// What relieves today's way, as a baseline to compare with: what was one namespace is divided into several, each a whole index of its
// own (locked-index.ts) with a lock of its own. The rows are spread evenly, which is better than real ones would be; no write spans
// two of them.
import type { LockedIndex } from './locked-index.ts'

export const NAMESPACES = 4

export const ofNamespace = (namespace: number): LockedIndex => ({
  lock: `baseline/namespaces/${namespace}/lock`,
  index: `baseline/namespaces/${namespace}/index.json`,
})
