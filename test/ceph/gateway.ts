// Where the Ceph gateway is that test/ceph/run.sh has started.

const { RUNLET_CEPH_ENDPOINT, RUNLET_CEPH_BUCKET } = process.env

export const ENDPOINT = named(RUNLET_CEPH_ENDPOINT)
export const BUCKET = named(RUNLET_CEPH_BUCKET)

/** The URL of a store on it, below a prefix. */
export function cephUrl(prefix: string): string {
  return `s3://${BUCKET}/${prefix}?endpoint=${ENDPOINT}`
}

function named(value: string | undefined): string {
  if (!value) throw new Error('no Ceph to test on: start this with `npm run test:ceph`')
  return value
}
