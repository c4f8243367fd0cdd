// The benchmark: `npm run bench [-- part… [--write]]`. Prints markdown tables of what it measured, against the targets of DESIGN.md;
// exits 1 when a target in requests, bytes or round trips is missed. Times are printed, never judged.
import { benchReport } from './comparison.ts'
import { benchIndex, benchIndexQuickly, benchIndexToTenMillion } from './index.ts'
import { benchPackage } from './package.ts'
import { benchRuns } from './runs.ts'
import { benchScale } from './scale.ts'
import { benchSwamp } from './swamp.ts'
import { benchSwampImport } from './swamp-import.ts'
import { benchSweep } from './sweep.ts'

type Part = (print: (text: string) => void, options: readonly string[]) => Promise<boolean>

const PARTS: Record<string, Part> = {
  runs: benchRuns,
  'index-quick': benchIndexQuickly,
  index: benchIndex,
  'index-10m': benchIndexToTenMillion,
  sweep: benchSweep,
  scale: benchScale,
  swamp: benchSwamp,
  'swamp-import': benchSwampImport,
  package: benchPackage,
  report: benchReport,
}
const BY_DEFAULT = ['runs', 'index', 'sweep']

const options = process.argv.slice(2).filter(argument => argument.startsWith('--'))
const asked = process.argv.slice(2).filter(argument => !argument.startsWith('--'))
const unknown = asked.find(part => !PARTS[part]) ?? options.find(option => option !== '--write')
if (unknown !== undefined) {
  const parts = Object.keys(PARTS).join(', ')
  console.error(`"${unknown}" is no part of the benchmark; there is ${parts}. --write keeps the results.`)
  process.exit(2)
}
const startedAt = performance.now()
let met = true
for (const name of asked.length > 0 ? asked : BY_DEFAULT) {
  const bench = PARTS[name] as Part
  met = (await bench(text => console.log(text), options)) && met
}
const seconds = Math.round((performance.now() - startedAt) / 1000)
console.log(`\n${met ? 'All targets are met.' : 'Some targets are missed.'} It took ${seconds} s.`)
process.exit(met ? 0 : 1)
