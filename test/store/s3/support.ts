// A store on the S3 test server, reached through the real AWS SDK, for the tests of this folder.
import { type Ambient, systemAmbient } from '../../../lib/ambient.ts'
import type { Etag } from '../../../lib/names.ts'
import type { ListOptions } from '../../../lib/store/object-store.ts'
import { openS3Store, type S3Store } from '../../../lib/store/s3/s3-store.ts'
import { startS3Server, useTestCredentials } from '../../support/s3-server.ts'

useTestCredentials()

export const bytes = (text: string) => new TextEncoder().encode(text)
export const ifAbsent = { condition: { ifNoneMatch: '*' } } as const
export const ifStill = (etag: Etag) => ({ condition: { ifMatch: etag } })

/** The real surroundings, but sleeping takes no time and is noted. */
function sleepless(): Ambient & { slept: number[] } {
  const slept: number[] = []
  return { ...systemAmbient, slept, sleep: async ms => void slept.push(ms) }
}

export async function keysOf(store: S3Store, options: ListOptions): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list(options)) keys.push(key)
  return keys
}

export async function contentOf(store: S3Store, key: string): Promise<string | undefined> {
  const answer = await store.get(key)
  return answer.status === 'found' ? new TextDecoder().decode(answer.body) : undefined
}

/** A store for one file of tests: `forget` what was stored and asked before each of them, `close` after the last. */
export async function aStoreOnS3() {
  const ambient = sleepless()
  const server = await startS3Server()
  const store = await openS3Store(server.url('bucket', 'some/prefix'), { ambient })
  return {
    server,
    store,
    ambient,
    puts: () => server.requests.filter(({ method }) => method === 'PUT'),
    forget: () => {
      server.reset({ objects: true })
      ambient.slept.length = 0
    },
    close: async () => {
      await store.close()
      await server.close()
    },
  }
}
