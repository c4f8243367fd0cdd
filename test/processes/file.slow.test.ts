// Processes that are killed, stopped or come in crowds, on the embedded store: a folder of files that all of them share.
import { join } from 'node:path'
import { processSuite } from './suite.ts'

processSuite('processes on a file store', {
  urlOf: (_, folder) => `file:${join(folder, 'store')}`,
  crowd: 32,
  kills: 4,
})
