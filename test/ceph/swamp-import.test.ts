// Import from and export to a swamp datastore on a real Ceph RADOS gateway: ETags of reads, listings, copies and parts must be one.
import { swampOnS3 } from '../integrations/swamp/on-s3.ts'
import { cephUrl } from './gateway.ts'

swampOnS3('Ceph', cephUrl)
