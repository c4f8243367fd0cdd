// Network faults between the real AWS SDK and a real Ceph RADOS gateway, which checks the signatures of what the proxy hands on, and
// goes on with a request whose client is gone.
import { faultSuite } from '../faults/suite.ts'
import { cephBucket } from './gateway.ts'

// An upload that it begins after its client gave up on it is one that nobody drops, until a sweep.
faultSuite('Ceph in trouble', { bucket: cephBucket, abreast: 6, stride: 14, seeds: [2], patienceMs: 2000 })
