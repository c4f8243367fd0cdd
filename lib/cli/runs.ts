// `runlet runs`: the open runs of the namespace, oldest first, with who owns them.
import { systemAmbient } from '../ambient.ts'
import { describeHolder } from '../lease/record.ts'
import type { RunInfo } from '../run/list-runs.ts'
import type { Verb } from './context.ts'
import { formatAge } from './durations.ts'
import { atNamespace } from './place.ts'
import { tableLines } from './table.ts'

export const verb: Verb<object, []> = async ({ shared, output }) =>
  atNamespace(shared, async ({ namespace }) => {
    const runs = await namespace.runs()
    if (output.json) {
      for (const run of runs) await output.document(run)
      return undefined
    }
    if (runs.length === 0) {
      output.say(`${namespace.name} has no open runs`)
      return undefined
    }
    const now = systemAmbient.now()
    const [headings = '', ...lines] = tableLines(
      ['RUN', 'STATE', 'AGE', 'COMMITS', 'OWNER', 'LABEL'],
      runs.map(run => [run.id, run.state, formatAge(run.startedAt, now), String(run.commits), ownerOf(run), run.label]),
    )
    await output.line(output.bold(headings))
    for (const line of lines) await output.line(line)
    return undefined
  })

function ownerOf({ owner, ownerExpired }: RunInfo): string {
  if (!owner) return 'none'
  return ownerExpired ? `gone: ${describeHolder(owner)}` : describeHolder(owner)
}
