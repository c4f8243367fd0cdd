// `runlet report --html FILE`: what became of the runs of the namespace, and when, as one self-contained page.
import { readFile } from 'node:fs/promises'
import { InvalidArgumentError } from '../errors.ts'
import type { Verb } from './context.ts'
import { atNamespace } from './place.ts'
import { progressLine } from './progress.ts'
import { reportHtml } from './report/html.ts'
import { pageData } from './report/page-data.ts'
import { formatKibibytes } from './sizes.ts'
import { writeWhole } from './whole-file.ts'

interface ReportOptions {
  readonly html: string
  readonly runs: string
}

/** Built with the package: the page's script, and what it needs of d3. */
const SCRIPT = new URL('./report/page.js', import.meta.url)

export const verb: Verb<ReportOptions, []> = async ({ shared, output }, { html: file, runs: most }) => {
  const runs = parseCount(most)
  return atNamespace(shared, async ({ namespace }) => {
    const script = await readFile(SCRIPT, 'utf8')
    const timeline = await namespace.timeline({
      runs,
      onProgress: (done, total, unit) => output.move(progressLine('report', { done, total, unit })),
    })
    const page = Buffer.from(reportHtml(pageData(timeline), script))
    if (file === '-') {
      await output.write(page)
      return undefined
    }
    await writeWhole(file, [page])
    const { requests, unread } = timeline
    const about = { namespace: namespace.name, file, bytes: page.length, runs: timeline.runs.length, unread, requests }
    const read = `${about.runs} ${about.runs === 1 ? 'run' : 'runs'}`
    const left = unread > 0 ? `; ${unread} more were not read (--runs)` : ''
    await output.result(about, `wrote ${file}: ${read}, ${formatKibibytes(page.length)}, ${requests} requests${left}`)
    return undefined
  })
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text)
  throw new InvalidArgumentError(
    '--runs',
    `${JSON.stringify(text)} is no such count`,
    'Give a whole number from 1 to 99999.',
  )
}
