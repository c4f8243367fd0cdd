// Streams: values of unknown length, sent to an S3 store in parts. What becomes of one that breaks off is tried, too: nothing of it
// may be seen, and its parts must go.
import { AccessDeniedError } from '../../errors.ts'
import { type Finding, fails, holds, OTHER_STORE, type Probe, textAt } from './probe.ts'

/** Over 8 MiB an S3 store is sent more than one part. */
const CHUNKS = 9
const CHUNK_BYTES = 1024 * 1024
/** Over two parts: then the first is on its way. */
const BROKEN_AFTER = 17

export const streams: Probe = {
  name: 'streamed put',
  severity: 'required',
  without: 'values of more than a few kilobytes cannot be written as a stream',
  async run(bench) {
    const key = bench.key('stream')
    await bench.store.put(key, chunks(CHUNKS))
    const answer = await bench.store.get(key, { range: { start: CHUNKS * CHUNK_BYTES - 2, end: CHUNKS * CHUNK_BYTES } })
    const end = answer.status === 'found' ? [...answer.body] : []
    if (end.length === 2 && end.every(byte => byte === CHUNKS - 1)) return holds(`${CHUNKS} MiB were written in parts`)
    return fails(`of ${CHUNKS} MiB that were streamed the end is not there`, OTHER_STORE)
  },
}

class BrokenOff extends Error {}

export const brokenStream: Probe = {
  name: 'stream that breaks off',
  severity: 'required',
  without: 'half of a value can be taken for all of it',
  async run(bench) {
    const key = bench.key('broken-stream')
    const outcome = await bench.store
      .put(key, chunks(BROKEN_AFTER, new BrokenOff('the stream breaks off')))
      .catch((error: unknown) => error)
    if (!(outcome instanceof BrokenOff)) {
      if (outcome instanceof Error) throw outcome
      return fails('a stream that broke off was acknowledged', OTHER_STORE)
    }
    if ((await textAt(bench, key)) === undefined) return holds('nothing of it is seen')
    return fails('a part of it is seen', OTHER_STORE)
  },
}

const LIFECYCLE = 'a lifecycle rule (AbortIncompleteMultipartUpload, after a day) does it too'

export const unfinishedUploads: Probe = {
  name: 'unfinished uploads',
  severity: 'advice',
  without: 'the parts of large values whose writer was killed stay, and cost room',
  async run({ store, abortUploads, prefix }) {
    if (store.kind !== 's3' || !abortUploads) return holds('this store keeps none')
    try {
      return judgeUploads((await abortUploads({ prefix })).length)
    } catch (error) {
      // A missing permission is no more than advice here.
      if (!(error instanceof AccessDeniedError)) throw error
      const missing = error.operation === 'abort' ? 's3:AbortMultipartUpload' : 's3:ListBucketMultipartUploads'
      return fails(`${error.operation} was refused`, `Allow ${missing} for ${store.url}; ${LIFECYCLE}`)
    }
  },
}

function judgeUploads(left: number): Finding {
  if (left === 0) return holds('an upload that breaks off is aborted at once')
  const them = left === 1 ? 'an upload that broke off was' : `${left} uploads that broke off were`
  return fails(`${them} aborted only now`, `Nothing that runlet can do at once; ${LIFECYCLE}`)
}

async function* chunks(count: number, end?: Error): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield new Uint8Array(CHUNK_BYTES).fill(i)
  if (end) throw end
}
