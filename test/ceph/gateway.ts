// Where the Ceph gateway is that test/ceph/run.sh has started.

const { RUNLET_CEPH_ENDPOINT: endpoint, RUNLET_CEPH_BUCKET: bucket } = process.env

export function cephBucket(): { endpoint: string; name: string } {
  if (!endpoint || !bucket) throw new Error('no Ceph to test on: start this with `npm run test:ceph`')
  return { endpoint, name: bucket }
}

/** The URL of a store on it, below a prefix. */
export function cephUrl(prefix: string): string {
  const { endpoint: at, name } = cephBucket()
  return `s3://${name}/${prefix}?endpoint=${at}`
}
