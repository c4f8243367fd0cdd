// One of several processes that add their writes to one object by compare-and-swap, as fast as they can:
//   node --import tsx test/ceph/incrementer.ts URL KEY NAME COUNT
// Prints, as JSON, how often each outcome came. Whatever became of a put, the object itself tells whether it happened.
import { RunletError } from '../../lib/errors.ts'
import { openS3Store } from '../../lib/store/s3/s3-store.ts'
import { found, text } from '../store/suite/support.ts'

const [url = '', key = '', name = '', count = ''] = process.argv.slice(2)
const EXPECTED = ['ERR_RUNLET_PRECONDITION_FAILED', 'ERR_RUNLET_AMBIGUOUS_WRITE', 'ERR_RUNLET_THROTTLED']
const outcomes: Record<string, number> = { written: 0 }

const store = await openS3Store(url)
for (let round = 0; round < Number(count); round++) await append(`${name}.${round}`)
await store.close()
console.log(JSON.stringify(outcomes))

async function append(write: string): Promise<void> {
  for (;;) {
    const { body, etag } = await found(store, key)
    const writes: string[] = JSON.parse(String(Buffer.from(body)))
    if (writes.includes(write)) return
    const outcome = await store
      .put(key, text(JSON.stringify([...writes, write])), { condition: { ifMatch: etag } })
      .then(
        () => 'written',
        error => {
          if (error instanceof RunletError && EXPECTED.includes(error.code)) return nameOf(error)
          throw error
        },
      )
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    if (outcome === 'written') return
  }
}

/** Our error and what the store had answered, such as `PreconditionFailed (412)`. */
function nameOf({ name, cause }: RunletError): string {
  const { $metadata } = cause as { $metadata?: { httpStatusCode?: number } }
  return `${name} (${$metadata?.httpStatusCode ?? 'no answer'})`
}
