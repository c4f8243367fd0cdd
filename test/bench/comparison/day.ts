// A day of the reported workload (schedule.ts) by one of the ways, on virtual time: every process that would start in a day, with the
// very code that it would run. What a write is, is in ways.ts, but for a workflow in a run: that forks at its first write, and folds
// after its last one.
import type { Namespace, Run } from '../../../lib/runlet.ts'
import type { Network } from '../index/messages.ts'
import { LockNotFree, rowOf, valueKeyOf } from '../locked-index.ts'
import { withMergeHolds } from './holds.ts'
import type { Outcome } from './matrix.ts'
import type { Contents } from './network.ts'
import { SimulatedBucket, type Traffic } from './network.ts'
import {
  CLEAN_UP,
  dueOf,
  nextStart,
  pollers,
  type Recurring,
  SECOND_MACHINE,
  SWEEP,
  type Workflow,
  workflows,
} from './schedule.ts'
import {
  contentAt,
  freshPath,
  type Hands,
  isLocked,
  lockedRemoval,
  lockedWrite,
  PARENT,
  type Place,
  placeOf,
  runIdOf,
  runletWrite,
  type WayName,
} from './ways.ts'

export type Kind = 'pollers' | 'workflows' | 'second machine' | 'clean-up'

/** What came of a day. */
export interface Lived {
  /** How many writes were due; those that were skipped have no outcome. */
  readonly due: Readonly<Record<Kind, number>>
  readonly outcomes: Readonly<Record<Kind, readonly Outcome[]>>
  readonly holds: readonly number[]
  readonly traffic: Traffic
  /** In the end. */
  readonly storedBytes: number
}

export async function liveThrough(contents: Contents, way: WayName, network: Network): Promise<Lived> {
  const bucket = new SimulatedBucket(contents, network, 1)
  const day = new Day(bucket, way)
  const { holds } = await withMergeHolds(PARENT, () => bucket.time.run(() => day.live()))
  const { due, outcomes } = day
  const locks = Object.values(outcomes).flatMap(all => all.flatMap(({ heldMs }) => heldMs ?? []))
  return {
    due,
    outcomes,
    holds: [...holds, ...locks],
    traffic: { ...bucket.traffic },
    storedBytes: bucket.storedBytes(),
  }
}

class Day {
  readonly due: Record<Kind, number>
  readonly outcomes: Record<Kind, Outcome[]> = { pollers: [], workflows: [], 'second machine': [], 'clean-up': [] }
  readonly #bucket: SimulatedBucket
  readonly #way: WayName
  #processes = 0
  #paths = 0
  /** What the first poller wrote, oldest first. */
  readonly #polled: string[] = []

  constructor(bucket: SimulatedBucket, way: WayName) {
    this.#bucket = bucket
    this.#way = way
    const due = (all: readonly Recurring[]) => all.map(dueOf).reduce((a, b) => a + b)
    this.due = {
      pollers: due(pollers()),
      workflows: workflows().reduce((sum, { pauses }) => sum + pauses.length, 0),
      'second machine': dueOf(SECOND_MACHINE),
      'clean-up': 1,
    }
  }

  async live(): Promise<void> {
    const polling = pollers()
    await Promise.all([
      ...polling.map((poller, i) => this.#again(poller, () => this.#poll(i))),
      ...workflows().map((workflow, i) => this.#workflow(workflow, placeOf(polling.length + i))),
      this.#again(SECOND_MACHINE, () => this.#secondMachine()),
      this.#cleanUp(),
      ...(isLocked(this.#way) ? [] : [this.#again(SWEEP, () => this.#sweep())]),
    ])
  }

  async #again(what: Recurring, start: () => Promise<void>): Promise<void> {
    const { time } = this.#bucket
    for (let at = nextStart(what, 0); at !== undefined; at = nextStart(what, time.elapsed + 1)) {
      await this.#until(at)
      await start()
    }
  }

  async #poll(poller: number): Promise<void> {
    const place = placeOf(poller)
    const path = this.#freshPath(place)
    const isDone = await this.#process('pollers', hands => this.#write(hands, place, path))
    if (isDone && poller === 0) this.#polled.push(path)
  }

  /** Writes, and reads what the first poller wrote last: of the same place, so that today's tools have its row from their write. */
  async #secondMachine(): Promise<void> {
    const place = placeOf(0)
    const path = this.#freshPath(place)
    await this.#process('second machine', async hands => {
      const heldMs = await this.#write(hands, place, path)
      const last = this.#polled.at(-1)
      if (last !== undefined) await this.#read(hands, last)
      return heldMs
    })
  }

  async #cleanUp(): Promise<void> {
    await this.#until(CLEAN_UP.at)
    const paths = this.#polled.slice(0, CLEAN_UP.entries)
    await this.#process('clean-up', async hands => {
      const way = this.#way
      if (isLocked(way)) return lockedRemoval(way, hands, placeOf(0), paths)
      const parent = await hands.store.namespace(PARENT)
      await parent.commit(tx => {
        for (const path of paths) tx.delete(path)
      })
      return undefined
    })
  }

  async #sweep(): Promise<void> {
    const { store } = this.#bucket.process('sweep')
    const { problems } = await store.sweep()
    if (problems[0]) throw new Error(`the sweep had a problem: ${problems[0].message}`)
    await store.close()
  }

  /** A process that stays for all of its writes. */
  async #workflow({ startsAt, pauses }: Workflow, place: Place): Promise<void> {
    await this.#until(startsAt)
    const hands = this.#hands()
    const parent = isLocked(this.#way) ? undefined : await hands.store.namespace(PARENT)
    let run: Run | undefined
    for (const [i, pause] of pauses.entries()) {
      await hands.ambient.sleep(pause)
      await this.#timed('workflows', async () => {
        const path = this.#freshPath(place)
        if (!parent) return this.#write(hands, place, path)
        if (this.#way === 'runs') run ??= await parent.fork(runIdOf(path))
        await (run ?? parent).put(path, contentAt(path))
        if (i === pauses.length - 1) await run?.fold()
        return undefined
      })
    }
    await hands.store.close()
  }

  /** A new process that does one thing. Resolves to whether it was done. */
  async #process(kind: Kind, work: (hands: Hands) => Promise<number | undefined>): Promise<boolean> {
    const hands = this.#hands()
    const isDone = await this.#timed(kind, () => work(hands))
    await hands.store.close()
    return isDone
  }

  async #timed(kind: Kind, work: () => Promise<number | undefined>): Promise<boolean> {
    const { time } = this.#bucket
    const startedAt = time.elapsed
    try {
      const heldMs = await work()
      this.outcomes[kind].push({ ms: time.elapsed - startedAt, isDone: true, heldMs })
      return true
    } catch (error) {
      if (!(error instanceof LockNotFree)) throw error
      this.outcomes[kind].push({ ms: time.elapsed - startedAt, isDone: false })
      return false
    }
  }

  async #write(hands: Hands, place: Place, path: string): Promise<number | undefined> {
    const way = this.#way
    if (isLocked(way)) return lockedWrite(way, hands, place, path)
    await runletWrite(way, await hands.store.namespace(PARENT), path)
    return undefined
  }

  async #read(hands: Hands, path: string): Promise<void> {
    const value = isLocked(this.#way)
      ? (await hands.objects.get(valueKeyOf(rowOf(contentAt(path))))).status === 'found'
      : await (await this.#parent(hands)).get(path)
    if (!value) throw new Error(`"${path}" was written, and is not there`)
  }

  #parent({ store }: Hands): Promise<Namespace> {
    return store.namespace(PARENT, { assumeExists: true })
  }

  #hands(): Hands {
    this.#processes += 1
    return this.#bucket.process(`process-${this.#processes}`)
  }

  #freshPath(place: Place): string {
    this.#paths += 1
    return freshPath(place, this.#paths)
  }

  async #until(at: number): Promise<void> {
    const { time } = this.#bucket
    await time.ambient().sleep(at - time.elapsed)
  }
}
