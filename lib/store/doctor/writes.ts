// Writes without a condition: deletes, and values that are streamed.
import { bytes, fails, holds, OTHER_STORE, type Probe, textAt } from './probe.ts'

export const deletes: Probe = {
  name: 'delete',
  severity: 'required',
  without: 'runs that have ended stay open, and a retried clean-up fails',
  async run(bench) {
    const [there, missing] = [bench.key('delete'), bench.key('delete-missing')]
    await bench.store.put(there, bytes('there'))
    await bench.store.delete([missing, there])
    await bench.store.delete([there])
    if ((await textAt(bench, there)) === undefined) return holds('keys are deleted, and a missing one is no error')
    return fails('an object is still there after its deletion was acknowledged', OTHER_STORE)
  },
}

/** Over 8 MiB an S3 store is sent more than one part. */
const CHUNKS = 9
const CHUNK_BYTES = 1024 * 1024

export const streams: Probe = {
  name: 'streamed put',
  severity: 'required',
  without: 'values of more than a few kilobytes cannot be written as a stream',
  async run(bench) {
    const key = bench.key('stream')
    await bench.store.put(key, chunks())
    const answer = await bench.store.get(key, { range: { start: CHUNKS * CHUNK_BYTES - 2, end: CHUNKS * CHUNK_BYTES } })
    const end = answer.status === 'found' ? [...answer.body] : []
    if (end.length === 2 && end.every(byte => byte === CHUNKS - 1)) return holds(`${CHUNKS} MiB were written in parts`)
    return fails(`of ${CHUNKS} MiB that were streamed the end is not there`, OTHER_STORE)
  },
}

async function* chunks(): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < CHUNKS; i++) yield new Uint8Array(CHUNK_BYTES).fill(i)
}
