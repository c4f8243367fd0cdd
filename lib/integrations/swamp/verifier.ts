// Whether the datastore can be used: that its store answers, that this process may read and write there, and that the namespace takes
// writes. It changes nothing that anybody sees, and answers in bounded time whatever the store does.
import { PreconditionFailed, RunletError } from '../../errors.ts'
import type { NamespaceName } from '../../names.ts'
import { type Head, headSchema } from '../../namespace/head.ts'
import { headKey, kindPrefix } from '../../namespace/keys.ts'
import { MAX_DOCUMENT_BYTES } from '../../store/bounded.ts'
import { decodeJson, encodeJson, FORMAT } from '../../store/json-object.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { DATASTORE_TYPE } from './config.ts'
import type { DatastoreHealth, DatastoreVerifier } from './contract.ts'
import type { Places } from './places.ts'

const LIMIT_MS = 15_000

type Finding = Pick<DatastoreHealth, 'healthy' | 'message' | 'details'>

export class Verifier implements DatastoreVerifier {
  readonly #places: Places

  constructor(places: Places) {
    this.#places = places
  }

  async verify(): Promise<DatastoreHealth> {
    const { ambient } = this.#places
    const startedAt = ambient.monotonic()
    const finding = await this.#inTime().catch(error => unusable(error))
    const latencyMs = ambient.monotonic() - startedAt
    const details = { ...this.#details(), ...finding.details }
    return { ...finding, details, latencyMs, datastoreType: DATASTORE_TYPE }
  }

  async #inTime(): Promise<Finding> {
    const { ambient } = this.#places
    const over = new AbortController()
    const late = ambient
      .sleep(LIMIT_MS, { signal: over.signal, background: true })
      .then(() => unusable(new Error(`the store has not answered for ${LIMIT_MS / 1000} s`)))
    try {
      return await Promise.race([this.#look(over.signal), late])
    } finally {
      late.catch(() => undefined)
      over.abort()
    }
  }

  async #look(signal: AbortSignal): Promise<Finding> {
    const name = this.#name
    const objects = await this.#places.objects()
    const answer = await objects.get(headKey(name), { maxBytes: MAX_DOCUMENT_BYTES, signal })
    if (answer.status !== 'found') return this.#missing(name)
    const head = decodeJson(headKey(name), answer.body, headSchema)
    if (head.state === 'open') await tryToWrite(objects, name, signal)
    return judge(name, head)
  }

  #missing(name: NamespaceName): Finding {
    const { run } = this.#places.settings
    if (run?.name !== name)
      return {
        healthy: true,
        message: `the store answers; namespace "${name}" is not there yet, its first use makes it`,
        details: { state: 'missing' },
      }
    if (run.fork)
      return {
        healthy: true,
        message: `the store answers; the run "${name}" is not there yet, its first use forks it`,
        details: { state: 'missing' },
      }
    return {
      healthy: false,
      message: `the run "${name}", which RUNLET_NAMESPACE names, does not exist. Fork it with \`runlet fork\`, or let \`runlet run\` set RUNLET_NAMESPACE.`,
      details: { state: 'missing' },
    }
  }

  get #name(): NamespaceName {
    const { run, parent } = this.#places.settings
    return run?.name ?? parent
  }

  #details(): Record<string, string> {
    const { store, run } = this.#places.settings
    return { store, namespace: this.#name, ...(run && { isolated: 'true' }) }
  }
}

function judge(name: NamespaceName, { state, seq }: Head): Finding {
  const details = { state, commit: String(seq) }
  if (state === 'open') return { healthy: true, message: `namespace "${name}" can be read and written`, details }
  const message = `namespace "${name}" is ${state} and takes no more writes. Use its parent, or fork a new run.`
  return { healthy: false, message, details }
}

/** Puts an object that is there already, after the first time: who may not write is told so before the store looks whether it is. */
async function tryToWrite(objects: ObjectStore, name: NamespaceName, signal: AbortSignal): Promise<void> {
  const key = `${kindPrefix(name, 'swamp')}.verified`
  try {
    await objects.put(key, encodeJson({ format: FORMAT }), { condition: { ifNoneMatch: '*' }, signal })
  } catch (error) {
    if (!(error instanceof PreconditionFailed)) throw error
  }
}

function unusable(error: unknown): Finding {
  const { message } = error instanceof Error ? error : new Error(String(error))
  return { healthy: false, message, details: error instanceof RunletError ? { code: error.code } : {} }
}
