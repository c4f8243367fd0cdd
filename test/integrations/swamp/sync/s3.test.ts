// The sync service on the S3 test server.
import { startS3Server, useTestCredentials } from '../../../support/s3-server.ts'
import { describeSyncService } from './conformance.ts'

useTestCredentials()

describeSyncService('an S3 store', async () => {
  const server = await startS3Server()
  let stores = 0
  return { freshUrl: () => server.url('bucket', `store-${++stores}`), close: () => server.close() }
})
