// `runlet export swamp URL --from NAMESPACE`: leaves in a bucket what swamp's own S3 datastore reads.
import { type ExportReport, exportToSwamp } from '../../integrations/swamp/export/export.ts'
import type { Verb } from '../context.ts'
import { DONE } from '../failure.ts'
import type { Output } from '../output.ts'
import { progressLine } from '../progress.ts'
import { formatBytes } from '../sizes.ts'
import { keepHeapSmall } from '../small-heap.ts'
import { untilStopped } from '../until-stopped.ts'
import { atSwamp, HEAP_GROWTH_PERCENT } from './place.ts'

interface Options {
  readonly from: string
  readonly anyFiles?: true
  readonly force?: true
  readonly dryRun?: true
}

export const verb: Verb<Options, [url: string]> = async (
  { shared, output },
  { from, anyFiles, force, dryRun },
  url,
) => {
  keepHeapSmall({ growthPercent: HEAP_GROWTH_PERCENT })
  return atSwamp(shared, { url, name: from }, ({ namespace, datastore, author }) =>
    untilStopped(async signal => {
      const onProgress = (step: string, done: number) =>
        output.move(
          step === 'index'
            ? progressLine('reading the index', { done, unit: 'bytes' })
            : progressLine(step === 'list' ? 'listing' : 'exporting', { done, unit: 'files' }),
        )
      await tell(
        await exportToSwamp(namespace, datastore, { author, anyFiles, force, dryRun, signal, onProgress }),
        output,
      )
      return DONE
    }),
  )
}

async function tell(report: ExportReport, output: Output): Promise<void> {
  const { namespace, put, deleted, files, copiedBytes, sentBytes, kept, dryRun, requests } = report
  const what = `${count(put)} put, ${count(deleted)} deleted`
  const done =
    put + deleted === 0
      ? `swamp has what ${namespace} has`
      : `${dryRun ? 'would export' : 'exported'} ${namespace}: ${what}`
  const more = [
    `${count(files)} files in swamp`,
    !dryRun && `${formatBytes(copiedBytes)} copied by the server, ${formatBytes(sentBytes)} sent`,
    kept > 0 && `${count(kept)} only swamp has`,
    `${count(requests)} requests`,
  ].filter(part => part !== false)
  await output.result(report, `${done} (${more.join('; ')})`)
}

const count = (n: number): string => n.toLocaleString('en-US')
