// The benchmark: `npm run bench [-- part…]`. Prints markdown tables of what it measured, against the targets of DESIGN.md; exits 1
// when a target in requests, bytes or round trips is missed. Times are printed, never judged.
import { benchRuns } from './runs.ts'

const PARTS: Record<string, (print: (text: string) => void) => Promise<boolean>> = { runs: benchRuns }

const asked = process.argv.slice(2)
const unknown = asked.find(part => !PARTS[part])
if (unknown !== undefined) {
  console.error(`"${unknown}" is no part of the benchmark; there is ${Object.keys(PARTS).join(', ')}.`)
  process.exit(2)
}
const startedAt = performance.now()
let met = true
for (const [name, bench] of Object.entries(PARTS)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  met = (await bench(text => console.log(text))) && met
}
console.log(
  `\n${met ? 'All targets are met.' : 'Some targets are missed.'} It took ${Math.round((performance.now() - startedAt) / 1000)} s.`,
)
process.exit(met ? 0 : 1)
