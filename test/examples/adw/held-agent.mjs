// The example's agent and test command, watched: notes each call in ADW_CALLS; where ADW_HOLD is set, the n-th workflow stops in the n-th
// phase for as long as that folder is there, and says so by a file in it.
import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const { ADW_ID = '', ADW_PHASE = '', ADW_CALLS = '', ADW_HOLD } = process.env

appendFileSync(ADW_CALLS, `${ADW_ID} ${ADW_PHASE}\n`)
const number = Number(/\d+$/.exec(ADW_ID)?.[0])
if (ADW_HOLD && ['plan', 'build', 'test', 'review', 'document'][number - 1] === ADW_PHASE) {
  writeFileSync('half-done.txt', 'what a phase that was cut short left behind')
  writeFileSync(join(ADW_HOLD, ADW_ID), '')
  while (existsSync(ADW_HOLD)) await pause(50)
  process.exit(1)
}
if (ADW_PHASE === 'test') process.exitCode = spawnSync(process.execPath, ['--test'], { stdio: 'inherit' }).status ?? 1
else await import('../../../examples/adw/agent.mjs')
