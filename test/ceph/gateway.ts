// Where the Ceph gateway is that test/ceph/run.sh has started.

const { RUNLET_CEPH_ENDPOINT: endpoint, RUNLET_CEPH_BUCKET: bucket } = process.env

/** The URL of a store on it, below a prefix. */
export function cephUrl(prefix: string): string {
  if (!endpoint || !bucket) throw new Error('no Ceph to test on: start this with `npm run test:ceph`')
  return `s3://${bucket}/${prefix}?endpoint=${endpoint}`
}
