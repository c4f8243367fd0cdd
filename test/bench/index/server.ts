// The S3 test server of the index benchmark as a process of its own, so that what it holds is in nobody's peak memory. Asked by
// messages: what it saw since it was last asked to forget, and how much lies below a prefix.
import { startS3Server, useTestCredentials } from '../../support/s3-server.ts'
import { LATENCY_MS, type Question, type SeenRequest, type Stored } from './messages.ts'

const BUCKET = 'bench'

useTestCredentials()
const [network = '{}'] = process.argv.slice(2)
const server = await startS3Server({ latencyMs: LATENCY_MS, ...JSON.parse(network) })

process.on('message', ({ id, question }: { id: number; question: Question }) => {
  process.send?.({ id, answer: answer(question) })
})
process.on('disconnect', () => process.exit())

function answer(question: Question): string | null | SeenRequest[] | Stored {
  if (question.kind === 'url') return server.url(BUCKET)
  if (question.kind === 'stored') return stored(question.prefix)
  if (question.kind === 'requests') return seen()
  if (question.kind === 'advance') server.advance(question.ms)
  else server.reset()
  return null
}

function seen(): SeenRequest[] {
  const start = server.requests[0]?.startedAt ?? 0
  return server.requests.map(({ startedAt, operation, key, query, status, bytesUp, bytesDown }) => {
    return { at: startedAt - start, operation, key: key || query, status, bytesUp, bytesDown }
  })
}

function stored(prefix: string): Stored {
  let [objects, bytes] = [0, 0]
  for (const [key, { body }] of server.objects(BUCKET)) {
    if (!key.startsWith(prefix)) continue
    objects += 1
    bytes += body.length
  }
  return { objects, bytes }
}
