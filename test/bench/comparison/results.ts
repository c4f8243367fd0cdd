// Where the results of the comparison are kept: test/bench/results/, as a page, three plots and the raw figures.
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Results } from './figures.ts'
import { markdownOf } from './page.ts'
import { dayPlot, writersPlot } from './plots.ts'

const BIOME = fileURLToPath(new URL('../../../node_modules/@biomejs/biome/bin/biome', import.meta.url))
const FOLDER = new URL('../results/', import.meta.url)
const HEADER = `<!-- Written by \`npm run bench -- report --write\`; do not edit. -->

# Today's ways and runlet, side by side

![p99 of a write by five ways, against the writers at once and against the rows of the index](comparison.svg)

![The same with real processes](comparison-real.svg)

![A day of the reported workload by five ways: writes done, p99, dollars a month](comparison-day.svg)

[The raw figures](comparison.json).
`

export async function writeComparison(results: Results): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  const json = fileURLToPath(new URL('comparison.json', FOLDER))
  await writeFile(json, `${JSON.stringify(results)}\n`)
  await promisify(execFile)(process.execPath, [BIOME, 'format', '--write', json])
  await writeFile(new URL('comparison.md', FOLDER), `${HEADER}\n${markdownOf(results)}\n`)
  const { matrix, s3, ceph } = results
  const [real, where] = ceph ? [ceph, 'processes on Ceph'] : [s3, 'processes on the S3 server']
  await writeFile(new URL('comparison.svg', FOLDER), writersPlot(matrix, 'virtual time'))
  await writeFile(new URL('comparison-real.svg', FOLDER), writersPlot(real, where))
  await writeFile(new URL('comparison-day.svg', FOLDER), dayPlot(results))
}
