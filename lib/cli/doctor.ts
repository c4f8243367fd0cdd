// `runlet doctor`: what this store really supports, tried out. Needs a store, but no namespace.
// A signal ends it early, but not before it has removed what it wrote; a second one ends it at once.
import type { Check, DoctorReport } from '../store/doctor.ts'
import type { Verb } from './context.ts'
import { DONE, FAILED } from './failure.ts'
import type { Output } from './output.ts'
import { atStore } from './place.ts'
import { printable } from './table.ts'
import { untilStopped } from './until-stopped.ts'

export const verb: Verb<object, []> = async ({ shared, output }) =>
  atStore(shared, { namespace: 'doctor' }, store =>
    untilStopped(
      async signal => {
        const onProgress = (line: string) => output.move(line)
        const report = await store.doctor({ onProgress, signal })
        if (output.json) await output.document(report)
        else await writeReport(report, output)
        return report.ok ? DONE : FAILED
      },
      () => output.say('stopped; removing what was written'),
    ),
  )

async function writeReport({ ok, url, checks }: DoctorReport, output: Output): Promise<void> {
  const width = Math.max(0, ...checks.map(({ name }) => name.length))
  for (const check of checks) for (const line of linesOf(check, width)) await output.line(line)
  const failed = checks.filter(check => !check.ok)
  const advice = failed.filter(({ severity }) => severity === 'advice').length
  const required = failed.length - advice
  const verdict = ok
    ? 'is fit for runlet'
    : `is not fit for runlet: ${counted(required, 'required property', 'required properties')} failed`
  const aside = advice > 0 ? `; ${counted(advice, 'thing', 'things')} could be better` : ''
  await output.line(output.bold(printable(`${url} ${verdict}${aside}`)))
}

/** What failed is told in lines of their own: what was seen and what that means, then what to do. */
function linesOf({ name, ok, severity, detail, remedy }: Check, width: number): string[] {
  const mark = ok ? 'ok    ' : severity === 'advice' ? 'advice' : 'FAILED'
  const line = printable(`${mark}  ${name.padEnd(width)}  ${detail}`)
  return remedy === undefined ? [line] : [line, printable(`${' '.repeat(width + 10)}-> ${remedy}`)]
}

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`
