// Deno: the package, as it is packed, by its name and as a command. What swamp asks of it under Deno is `npm run test:deno`.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { packed } from '../package/packed.ts'
import { MAIN_JOB } from '../readme/programs.ts'
import { blockOf } from '../readme/row.ts'

type Deno = (...args: string[]) => Promise<string>

const HOLDS: Record<string, (deno: Deno, folder: string) => Promise<void>> = {
  'the first lines of the README do the main job': async (deno, folder) => {
    await writeFile(join(folder, 'first.mjs'), blockOf(MAIN_JOB).text)
    const said = await deno('first.mjs')
    assert.deepEqual(said.split('\n'), ['folded 1 rows as commit 1', 'results/build-1742.json 11', '42'])
  },
  'the command makes a store, writes, lists, reads and removes': async deno => {
    await deno(COMMAND, 'init', '--store', 'file:store', '--namespace', 'main')
    await deno(COMMAND, 'put', 'notes/a.json', 'package.json')
    assert.equal(await deno(COMMAND, 'ls'), 'notes/a.json')
    assert.match(await deno(COMMAND, 'get', 'notes/a.json'), /"type":"module"/)
    await deno(COMMAND, 'rm', 'notes/a.json')
    assert.equal(await deno(COMMAND, 'ls'), '')
  },
  'the command runs a program in a run, and folds what it left': async deno => {
    await deno(COMMAND, 'run', '--id', 'nightly', '--', 'sh', '-c', 'echo done > "$RUNLET_DIR/when.txt"')
    assert.equal(await deno(COMMAND, 'ls'), 'when.txt')
    assert.match(await deno(COMMAND, 'log', '--json'), /"run":"main\/nightly"/)
  },
}
const COMMAND = join('node_modules', 'runlet', 'dist', 'cli', 'main.js')

/** Resolves to whether all of it holds. */
export async function testUnderDeno(scratch: string): Promise<boolean> {
  const { folder, remove } = await packed()
  const env = { DENO_NO_UPDATE_CHECK: '1', RUNLET_CACHE: join(scratch, 'cache') }
  const run = ['run', '--allow-all', '--no-check', '--node-modules-dir=manual']
  const deno: Deno = async (...args) =>
    (await execa('deno', [...run, ...args], { cwd: folder, env, preferLocal: true, localDir: process.cwd() })).stdout
  await writeFile(join(folder, 'package.json'), '{"type":"module","dependencies":{"runlet":"*"}}')
  let failures = 0
  try {
    const { stdout } = await execa('deno', ['--version'], { preferLocal: true })
    console.log(`\n${stdout.split('\n')[0]}`)
    for (const [what, holds] of Object.entries(HOLDS)) {
      const failure = await holds(deno, folder).then(
        () => undefined,
        (error: unknown) => error,
      )
      console.log(`${failure ? 'not ok' : 'ok'} - ${what}`)
      if (!failure) continue
      failures += 1
      console.error(failure)
    }
  } finally {
    await remove()
  }
  return failures === 0
}
