// `runlet.json`: says that a prefix is a runlet store, and of which format. Put with the first namespace, read by who asks;
// every head repeats the format, so that ordinary work needs no request for it.

import { AmbiguousWrite, PreconditionFailed } from '../errors.ts'
import * as z from '../vendor/zod.ts'
import { MAX_DOCUMENT_BYTES } from './bounded.ts'
import { decodeJson, encodeJson, FORMAT } from './json-object.ts'
import type { ObjectStore } from './object-store.ts'

const STORE_KEY = 'runlet.json'

const schema = z.object({ format: z.literal(FORMAT) })

/** Marks the store unless it is marked. @throws FormatVersionError when it is of another format */
export async function markStore(store: ObjectStore): Promise<void> {
  try {
    await store.put(STORE_KEY, encodeJson({ format: FORMAT }), { condition: { ifNoneMatch: '*' } })
  } catch (error) {
    if (!(error instanceof PreconditionFailed || error instanceof AmbiguousWrite)) throw error
    const answer = await store.get(STORE_KEY, { maxBytes: MAX_DOCUMENT_BYTES })
    if (answer.status === 'found') decodeJson(STORE_KEY, answer.body, schema)
  }
}
