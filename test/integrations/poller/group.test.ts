// A process group ends as a whole, whatever those in it do about the signals that ask them to.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startGroup } from '../../../lib/integrations/poller/group.ts'
import { until } from '../../cli/support.ts'
import { isAlive } from './support.ts'

const folder = await mkdtemp(join(tmpdir(), 'test-group-'))
after(() => rm(folder, { recursive: true, force: true }))

const OBEDIENT = 'while :; do sleep 0.1; done'
const DEAF = `trap '' TERM INT HUP; ${OBEDIENT}`

for (const [what, first, signal] of [
  ['one that listens', OBEDIENT, 'SIGTERM'],
  ['one that does not', DEAF, 'SIGKILL'],
] as const) {
  test(`a group whose first is ${what} ends with those in it that are deaf`, async () => {
    const cwd = await mkdtemp(join(folder, 'group-'))
    const script = `sh -c "echo \\$\\$ > other; ${DEAF}" & echo $$ > first; ${first}`
    const env = { PATH: process.env.PATH ?? '' }
    const group = startGroup(['/bin/sh', '-c', script], { cwd, env, graceMs: 300 })
    const exit = once(group.leader, 'exit')
    const pids: number[] = []
    for (const name of ['first', 'other'])
      pids.push(Number(await until(name, async () => (await readFile(join(cwd, name), 'utf8').catch(() => '')).trim())))
    assert.deepEqual(pids.map(isAlive), [true, true])
    group.end()
    assert.deepEqual(await exit, [null, signal])
    await until('the end of both', () => !pids.some(isAlive))
  })
}
