// The datastore, held to swamp's contract on a folder.
import { useTestCredentials } from '../../support/s3-server.ts'
import { contractSuite } from './conformance/suite.ts'

// For the sentence about a store that cannot be reached.
useTestCredentials()

contractSuite('a folder', folder => `file:${folder}/store`)
