// `runlet locks`: the locks of the namespace, who holds them since when, and how the holding before went.
import { systemAmbient } from '../ambient.ts'
import type { LockInfo } from '../lease/list-locks.ts'
import { describeHolder } from '../lease/record.ts'
import type { Verb } from './context.ts'
import { formatAge, formatSpan } from './durations.ts'
import { atNamespace } from './place.ts'
import { during } from './progress.ts'
import { tableLines } from './table.ts'

export const verb: Verb<object, []> = async ({ shared, output }) =>
  atNamespace(shared, async ({ namespace }) => {
    const locks = await during(output, 'locks', namespace.locks())
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
      ['LOCK', 'STATE', 'HELD', 'WAITED', 'HOLDER', 'LAST HOLDER'],
      locks.map(lock => rowOf(lock, now)),
      { width: output.columns, cut: ['LOCK', 'HOLDER', 'LAST HOLDER'], spare: ['LAST HOLDER', 'WAITED'] },
    )
    await output.line(output.bold(headings))
    for (const line of lines) await output.line(line)
    // Not in the table: a sentence would set the width of its column.
    for (const { name, problem } of locks) if (problem !== undefined) output.say(`${name}: ${problem}`)
    return undefined
  })

function rowOf(lock: LockInfo, now: number): string[] {
  const { name, holder, acquiredAt, waitedMs, last } = lock
  const before = last ? `${last.label}, held ${formatSpan(last.heldMs)}${since(lock, now)}` : '-'
  if (!holder) return [name, stateOf(lock), '-', '-', '-', before]
  return [name, stateOf(lock), formatAge(acquiredAt, now), formatSpan(waitedMs), describeHolder(holder), before]
}

/** How a lease stands, in a word. */
export const stateOf = ({ holder, expired, problem }: LockInfo): 'free' | 'held' | 'expired' | 'unreadable' => {
  if (problem !== undefined) return 'unreadable'
  if (!holder) return 'free'
  return expired ? 'expired' : 'held'
}

/** When the last holder gave it back. */
function since({ held: [newest] }: LockInfo, now: number): string {
  if (newest?.heldMs === undefined) return ''
  return `, ${formatAge(new Date(newest.at + newest.heldMs), now)} ago`
}
