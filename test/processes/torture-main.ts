// Tortures for as long as one likes: `npm run torture -- --minutes 10` on the file store, and with `--ceph` on a Ceph gateway of its own.
// It is the suite of the tests (torture.ts), told to go on.
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, ceph: { type: 'boolean', default: false } },
})
const minutes = Number(values.minutes)
if (!(minutes > 0 && minutes <= 10_000)) {
  console.error(
    `--minutes: ${JSON.stringify(values.minutes)} is no number of minutes. For example: npm run torture -- --minutes 10`,
  )
  process.exit(2)
}
const [command, ...args] = values.ceph
  ? ['bash', 'test/ceph/run.sh', 'test/ceph/torture.test.ts']
  : [process.execPath, 'test/run.mjs', 'test/processes/torture.slow.test.ts']
const env = {
  ...process.env,
  RUNLET_TORTURE_MINUTES: String(minutes),
  RUNLET_TEST_FILE_MINUTES: String(minutes + 10),
}
process.exit(spawnSync(command ?? '', args, { stdio: 'inherit', env }).status ?? 1)
