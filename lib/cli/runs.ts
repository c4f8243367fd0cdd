// `runlet runs`: the open runs of the namespace, oldest first, with who owns them.
import { systemAmbient } from '../ambient.ts'
import type { RunInfo } from '../run/list-runs.ts'
import type { Verb } from './context.ts'
import { formatAge } from './durations.ts'
import { atNamespace } from './place.ts'
import { during } from './progress.ts'
import { ownerOf, standingOf } from './standing.ts'
import { tableLines } from './table.ts'

const HEADINGS = ['RUN', 'STATE', 'AGE', 'FROM', 'COMMITS', 'ROWS', 'OWNER', 'LABEL']

/** Where there is little room. */
const NARROW = { cut: ['RUN', 'OWNER', 'LABEL'], spare: ['FROM', 'ROWS', 'COMMITS', 'LABEL'] }

export const verb: Verb<object, []> = async ({ shared, output }) =>
  atNamespace(shared, async ({ namespace }) => {
    const runs = await during(output, 'runs', namespace.runs())
    if (output.json) {
      for (const run of runs) await output.document(run)
      return undefined
    }
    if (runs.length === 0) {
      output.say(`${namespace.name} has no open runs`)
      return undefined
    }
    const now = systemAmbient.now()
    const rows = runs.map(run => rowOf(run, namespace.name, now))
    const [headings = '', ...lines] = tableLines(HEADINGS, rows, { width: output.columns, ...NARROW })
    await output.line(output.bold(headings))
    for (const line of lines) await output.line(line)
    // Not in the table: a sentence would set the width of its column.
    for (const { id, problem } of runs) if (problem !== undefined) output.say(`${id}: ${problem}`)
    return undefined
  })

function rowOf(run: RunInfo, parent: string, now: number): string[] {
  const { id, startedAt, forkSeq, commits, rows, label } = run
  const about = [id, standingOf(run), formatAge(startedAt, now), `${parent}#${forkSeq}`, String(commits), String(rows)]
  return [...about, ownerOf(run), label]
}
