// What the sweep benchmark found, kept in test/bench/results/ as a page and the raw figures.
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { markdownOf, type SweepResults } from './report.ts'

const BIOME = fileURLToPath(new URL('../../../node_modules/@biomejs/biome/bin/biome', import.meta.url))
const FOLDER = new URL('../results/', import.meta.url)
const HEADER = `<!-- Written by \`npm run bench -- sweep --write\`; do not edit. -->

# What the sweep costs

[The raw figures](sweep.json).
`

export async function writeSweepResults(results: SweepResults): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  const raw = JSON.stringify(results, (key, value) => (key === 'trace' ? undefined : value))
  const json = fileURLToPath(new URL('sweep.json', FOLDER))
  await writeFile(json, `${raw}\n`)
  await promisify(execFile)(process.execPath, [BIOME, 'format', '--write', json])
  await writeFile(new URL('sweep.md', FOLDER), `${HEADER}\n${markdownOf(results)}\n`)
}
