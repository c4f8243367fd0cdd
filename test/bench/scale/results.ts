// What the scale benchmark found, and where it is kept: test/bench/results/, as a page, a plot and the raw figures.
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { ScaleResults } from './figures.ts'
import { plotOf } from './plot.ts'
import { markdownOf } from './report.ts'

const BIOME = fileURLToPath(new URL('../../../node_modules/@biomejs/biome/bin/biome', import.meta.url))
const FOLDER = new URL('../results/', import.meta.url)
const HEADER = '<!-- Written by `npm run bench -- scale --write`; do not edit. -->\n'

export async function writeScaleResults(results: ScaleResults): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  const json = fileURLToPath(new URL('scale.json', FOLDER))
  await writeFile(json, `${JSON.stringify(results)}\n`)
  await promisify(execFile)(process.execPath, [BIOME, 'format', '--write', json])
  await writeFile(new URL('scale.md', FOLDER), `${HEADER}\n${markdownOf(results)}\n`)
  await writeFile(new URL('scale.svg', FOLDER), plotOf(results))
}
