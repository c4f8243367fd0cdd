// What a workflow leaves in the namespace: its state at each transition, and each call of a command, when it begins and when it has
// ended. An event is told to listeners once it is durable, so what follows upon it also follows upon it after a crash.
import { EventEmitter } from 'node:events'
import { z } from 'zod'
import type { Place } from './place.ts'
import { attempts, lastCommit, PHASES, type Phase, parseState, type State, type Transition } from './state.ts'
import type { Waits } from './waits.ts'

const callSchema = z.strictObject({
  phase: z.enum(PHASES),
  command: z.array(z.string()),
  prompt: z.string(),
  startedAt: z.iso.datetime(),
  /** Not there while it runs, nor when the driver died before it had ended. */
  ended: z
    .strictObject({ exitCode: z.number(), durationMs: z.number(), output: z.string(), errors: z.string() })
    .optional(),
})
export type Call = z.infer<typeof callSchema>

export class Ledger {
  readonly events = new EventEmitter<{ transition: [Transition] }>()
  readonly #place: Place
  readonly #waits: Waits
  #state: State

  private constructor(place: Place, waits: Waits, state: State) {
    this.#place = place
    this.#waits = waits
    this.#state = state
  }

  /** Goes on with what the namespace says of the workflow; `fresh` is its state when that is nothing. */
  static async open(place: Place, waits: Waits, fresh: State): Promise<Ledger> {
    const path = `${folderOf(fresh.id)}/state.json`
    const found = await place.namespace.get(path)
    return new Ledger(place, waits, found ? parseState(Buffer.from(found).toString(), path) : fresh)
  }

  get state(): State {
    return this.#state
  }

  async record(phase: Phase, became: Transition['became'], commit = lastCommit(this.#state)): Promise<void> {
    const transition: Transition = { phase, became, commit, at: new Date().toISOString() }
    const next = { ...this.#state, transitions: [...this.#state.transitions, transition] }
    await this.#put('state.json', next)
    this.#state = next
    this.events.emit('transition', transition)
  }

  /** Writes what is known of the call that the present attempt of its phase makes. */
  async called(call: Call): Promise<void> {
    await this.#put(this.#callOf(call.phase), call)
  }

  /** What the last attempt of a phase answered. */
  async answer(phase: Phase): Promise<string> {
    const found = await this.#place.namespace.get(`${folderOf(this.#state.id)}/${this.#callOf(phase)}`)
    return found ? (callSchema.parse(JSON.parse(Buffer.from(found).toString())).ended?.output ?? '') : ''
  }

  #callOf(phase: Phase): string {
    return `calls/${phase}-${attempts(this.#state, phase)}.json`
  }

  async #put(name: string, document: object): Promise<void> {
    const { namespace, write } = this.#place
    const text = `${JSON.stringify(document, undefined, 2)}\n`
    await this.#waits.time('write', () => namespace.put(`${folderOf(this.#state.id)}/${name}`, text, write))
  }
}

/** Each workflow keeps to a folder of its own, so folds never meet in a path. */
const folderOf = (id: string): string => `adw/${id}`
