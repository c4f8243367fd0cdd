// Network faults between the real AWS SDK and the S3 test server.
import { after, before } from 'node:test'
import { type S3Server, startS3Server, useTestCredentials } from '../support/s3-server.ts'
import { faultSuite } from './suite.ts'

useTestCredentials()
let server: S3Server
before(async () => {
  server = await startS3Server()
  server.url('bucket')
})
after(() => server.close())

faultSuite('a store in trouble', {
  bucket: () => ({ endpoint: server.endpoint, name: 'bucket' }),
  abreast: 6,
  stride: Number(process.env.RUNLET_FAULTS_STRIDE ?? 5),
  seeds: [1],
  patienceMs: 500,
})
