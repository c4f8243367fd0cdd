// Runs the test files by name: Node 20's runner finds no `**` globs and exits 0 when it ran nothing.
//   node test/run.mjs                 every *.test.ts under test/, except test/ceph (that needs the real engine)
//   node test/run.mjs test/store …    only what lies below the named folders or files
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve, sep } from 'node:path'

const CEPH = join('test', 'ceph')

function testFilesBelow(path) {
  if (statSync(path).isFile()) return [path]
  return readdirSync(path)
    .map(name => join(path, name))
    .flatMap(child => (statSync(child).isDirectory() ? testFilesBelow(child) : child))
    .filter(file => file.endsWith('.test.ts'))
}

const asked = process.argv.slice(2)
const files =
  asked.length > 0 ? asked.flatMap(testFilesBelow) : testFilesBelow('test').filter(file => !file.startsWith(CEPH + sep))
if (files.length === 0) {
  console.error('test/run.mjs: no test file found, so nothing was tested')
  process.exit(1)
}
// Nothing that a test reads may come from an earlier run, and nothing that it writes may stay.
const cache = mkdtempSync(join(tmpdir(), 'runlet-test-cache-'))
// By default one core is left idle; most of what the tests do is wait.
const runner = ['--import', 'tsx', '--test', `--test-concurrency=${availableParallelism()}`]
// Compiled once: hundreds of worker processes are started. Inside the project, where their dependencies are found.
const workers = resolve('.workers', String(process.pid))
const compiler = [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', join('test', 'support'), '--outDir', workers]
const compiled = spawnSync(process.execPath, compiler, { stdio: 'inherit' })
const run = () =>
  spawnSync(process.execPath, [...runner, ...files.sort()], {
    stdio: 'inherit',
    env: { ...process.env, RUNLET_CACHE: cache, RUNLET_TEST_WORKERS: workers },
  })
const { status } = compiled.status === 0 ? run() : compiled
for (const folder of [cache, workers]) rmSync(folder, { recursive: true, force: true })
process.exit(status ?? 1)
