// npm run sim -- --seeds 2000 [--from 1]: many simulations, with progress; the first failure ends it and names its seed.
import { parseArgs } from 'node:util'
import { simulate } from './simulate.ts'

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '300' }, from: { type: 'string', default: '1' } },
})
const [from, seeds] = [Number(values.from), Number(values.seeds)]
for (let seed = from; seed < from + seeds; seed++) {
  await simulate(seed)
  if (process.stderr.isTTY) process.stderr.write(`\r${seed - from + 1} of ${seeds} seeds`)
}
if (process.stderr.isTTY) process.stderr.write('\n')
console.log(`${seeds} simulations held the guarantees (seeds ${from} to ${from + seeds - 1})`)
