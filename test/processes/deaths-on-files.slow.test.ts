// Processes that are killed or stopped, on the embedded store: a folder of files that all of them share.
import { join } from 'node:path'
import { deathSuite } from './suite.ts'

deathSuite('processes on a file store', { urlOf: (_, folder) => `file:${join(folder, 'store')}`, crowd: 32, kills: 4 })
