import { join } from 'node:path'
import { processSuite } from './suite.ts'

processSuite('processes on a file store', {
  urlOf: (_, folder) => `file:${join(folder, 'store')}`,
  crowd: 32,
})
