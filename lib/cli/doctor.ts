// `runlet doctor`: what this store really supports, tried out. Needs a store, but no namespace.
import type { DoctorReport } from '../store/doctor.ts'
import type { Verb } from './context.ts'
import { DONE, FAILED } from './failure.ts'
import { atStore } from './place.ts'

export const verb: Verb<object, []> = async ({ shared, output }) =>
  atStore(shared, { namespace: 'doctor' }, async store => {
    const report: DoctorReport = await store.doctor({ onProgress: line => output.progress(line) })
    if (output.json) await output.document(report)
    else await output.line(report.ok ? `${store.url} is fit for runlet` : `${store.url} is not fit for runlet`)
    return report.ok ? DONE : FAILED
  })
