// Processes that are killed at work or come in crowds, on the embedded store: a folder of files that all of them share.
import { join } from 'node:path'
import { workSuite } from './suite.ts'

workSuite('processes on a file store', { urlOf: (_, folder) => `file:${join(folder, 'store')}`, crowd: 32, kills: 4 })
