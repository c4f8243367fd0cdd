// Swamp's control plane: small records (heartbeats, runs that wait, what has fired) that lie beside a namespace and not in it, so that
// they make no commits and no history. Each is a document of its own under `ns/<name>/_/control/`, which no sweep looks at while the
// namespace lives. Each write has an id, so that of two who put the same bytes at once one is told that it did.

import type { Ambient } from '../../ambient.ts'
import { AmbiguousWrite, InvalidArgumentError, ThrottledError } from '../../errors.ts'
import { compareBytes, type NamespaceName, parsePath, parsePrefix } from '../../names.ts'
import { kindPrefix } from '../../namespace/keys.ts'
import { MAX_DOCUMENT_BYTES } from '../../store/bounded.ts'
import { decodeJson, encodeJson, FORMAT } from '../../store/json-object.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { Register } from '../../store/register.ts'
import * as z from '../../vendor/zod.ts'
import type { ControlPlaneStore } from './contract.ts'

const recordSchema = z.object({ format: z.literal(FORMAT), write: z.string(), data: z.base64() })

/** With its encoding it fits into a document. */
const MAX_BYTES = MAX_DOCUMENT_BYTES / 2
/** A key of S3 has at most 1,024 bytes, and what comes before it needs room too. */
const MAX_KEY_BYTES = 600
const ATTEMPTS = 4
const PAUSE_MS = 50

interface ControlPlane {
  readonly objects: () => Promise<ObjectStore>
  readonly ambient: Ambient
  /** The namespace that it is of. */
  readonly name: NamespaceName
  /** Throws when that lies outside of the run that this process works in: there it may only be read. */
  readonly assertIsolated: () => void
}

/** Its records. Asks the store nothing. */
export function controlPlaneOf({ objects, ambient, name, assertIsolated }: ControlPlane): ControlPlaneStore {
  const prefix = kindPrefix(name, 'control')
  const keyOf = (key: string) => prefix + encodeKey(parsePath(key))
  return {
    async put(key, data) {
      assertIsolated()
      const at = keyOf(key)
      const body = encodeJson({ ...recordOf(data), write: ambient.randomId() })
      await putSurely(await objects(), { at, body }, ambient)
    },
    async putIfAbsent(key, data) {
      assertIsolated()
      const register = new Register(await objects(), keyOf(key), recordSchema, ambient)
      return (await register.swap(undefined, recordOf(data))).won
    },
    async get(key) {
      const at = keyOf(key)
      const answer = await (await objects()).get(at, { maxBytes: MAX_DOCUMENT_BYTES })
      if (answer.status !== 'found') return null
      return new Uint8Array(Buffer.from(decodeJson(at, answer.body, recordSchema).data, 'base64'))
    },
    async delete(key) {
      assertIsolated()
      await (await objects()).delete([keyOf(key)])
    },
    async list(wanted) {
      const below = prefix + encodeKey(parsePrefix(wanted))
      const keys: string[] = []
      for await (const entry of (await objects()).list({ prefix: below })) {
        if (entry.kind === 'object') keys.push(decodeURIComponent(entry.key.slice(prefix.length)))
      }
      return keys.sort(compareBytes)
    },
  }
}

function recordOf(data: Uint8Array): { format: typeof FORMAT; data: string } {
  if (!(data instanceof Uint8Array)) throw new InvalidArgumentError('data', 'is no Uint8Array', 'Encode it first.')
  if (data.byteLength > MAX_BYTES)
    throw new InvalidArgumentError('data', `is over ${MAX_BYTES} bytes`, 'Records of the control plane are small.')
  return { format: FORMAT, data: Buffer.from(data).toString('base64') }
}

/** No store refuses what it gives. Each character is encoded by itself, so that what a key starts with its encoding starts with. */
function encodeKey(key: string): string {
  const encoded = key.split('/').map(encodeURIComponent).join('/')
  if (encoded.length <= MAX_KEY_BYTES) return encoded
  throw new InvalidArgumentError('key', `is over ${MAX_KEY_BYTES} bytes once it is encoded`, 'Shorten it.')
}

/** Sending the same bytes again is safe: nothing of the record says how often it was sent. */
async function putSurely(
  objects: ObjectStore,
  { at, body }: { at: string; body: Uint8Array },
  ambient: Ambient,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await objects.put(at, body)
      return
    } catch (error) {
      const mayPass = error instanceof AmbiguousWrite || error instanceof ThrottledError
      if (!mayPass || attempt === ATTEMPTS) throw error
      await ambient.sleep(PAUSE_MS * 2 ** attempt * (0.5 + ambient.random()))
    }
  }
}
