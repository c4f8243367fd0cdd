// What an S3 answer says besides the SDK's own output: the store's clock (the Date header, on a 304 too) and the body as bytes.
// The body is read inside the SDK's retry, so that an answer which is cut short is asked for again like any lost one.
import { Readable } from 'node:stream'
import type { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'

export interface Answer {
  status: number
  /** The store's clock in milliseconds, whole seconds; NaN when it did not say. */
  serverTime: number
  body: Uint8Array
}

interface HttpAnswer {
  statusCode: number
  headers: Record<string, string>
  body: unknown
}

/** Throws when a body of so many bytes is not to be read. */
type Allow = (bytes: number) => void

/** Makes `command` record its latest answer in the object that this returns. */
export function recordAnswer(command: GetObjectCommand | HeadObjectCommand, allow: Allow = () => {}): Answer {
  const answer: Answer = { status: 0, serverTime: Number.NaN, body: new Uint8Array() }
  const { middlewareStack } = command as GetObjectCommand // the same for both, but TypeScript cannot call a union
  middlewareStack.add(
    next => async args => {
      const result = await next(args)
      const response = result.response as HttpAnswer
      answer.status = response.statusCode
      answer.serverTime = Date.parse(response.headers.date ?? '')
      if (response.statusCode < 300 && response.body instanceof Readable) {
        answer.body = await readAll(response.body, Number(response.headers['content-length'] ?? 0), allow)
        response.body = Readable.from([])
      }
      return result
    },
    { step: 'deserialize', priority: 'low', name: 'recordAnswer' },
  )
  return answer
}

async function readAll(stream: Readable, announced: number, allow: Allow): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    allow(announced)
    for await (const chunk of stream) {
      bytes += chunk.length
      allow(bytes)
      chunks.push(chunk)
    }
  } finally {
    stream.destroy() // the rest of what was refused is not waited for
  }
  const { buffer, byteOffset, byteLength } = Buffer.concat(chunks)
  return new Uint8Array(buffer, byteOffset, byteLength)
}
