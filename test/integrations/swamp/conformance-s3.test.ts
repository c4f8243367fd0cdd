// The datastore, held to swamp's contract on the S3 test server.
import { after, before } from 'node:test'
import { type S3Server, startS3Server, useTestCredentials } from '../../support/s3-server.ts'
import { contractSuite } from './conformance/suite.ts'

useTestCredentials()

let server: S3Server
before(async () => {
  server = await startS3Server()
})
after(() => server.close())

let worlds = 0
contractSuite('S3', () => server.url('swamp', `world-${worlds++}`))
