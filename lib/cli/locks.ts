// `runlet locks`: the locks of the namespace, who holds them since when, and how the holding before went.
import { systemAmbient } from '../ambient.ts'
import type { LockInfo } from '../lease/list-locks.ts'
import { describeHolder } from '../lease/record.ts'
import type { Verb } from './context.ts'
import { formatAge, formatDuration } from './durations.ts'
import { atNamespace } from './place.ts'
import { tableLines } from './table.ts'

export const verb: Verb<object, []> = async ({ shared, output }) =>
  atNamespace(shared, async ({ namespace }) => {
    const locks = await namespace.locks()
    if (output.json) {
      for (const lock of locks) await output.document({ ...lock, state: stateOf(lock) })
      return undefined
    }
    if (locks.length === 0) {
      output.say(`nobody ever held a lock of ${namespace.name}`)
      return undefined
    }
    const now = systemAmbient.now()
    const [headings = '', ...lines] = tableLines(
      ['LOCK', 'STATE', 'HOLDER', 'SINCE', 'WAITED', 'LAST HOLDER'],
      locks.map(lock => rowOf(lock, now)),
    )
    await output.line(output.bold(headings))
    for (const line of lines) await output.line(line)
    return undefined
  })

function rowOf(lock: LockInfo, now: number): string[] {
  const { name, holder, acquiredAt, waitedMs, last } = lock
  const before = last ? `${last.label}, held ${formatDuration(last.heldMs)}` : '-'
  if (!holder) return [name, stateOf(lock), '-', '-', '-', before]
  return [name, stateOf(lock), describeHolder(holder), formatAge(acquiredAt, now), formatDuration(waitedMs), before]
}

const stateOf = ({ holder, expired }: LockInfo): 'free' | 'held' | 'expired' => {
  if (!holder) return 'free'
  return expired ? 'expired' : 'held'
}
