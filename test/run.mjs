// Runs the test files by name: Node 20's runner finds no `**` globs and exits 0 when it ran nothing.
//   node test/run.mjs                 every *.test.ts under test/, except test/ceph (that needs the real engine) and *.slow.test.ts
//   node test/run.mjs --slow          only *.slow.test.ts: what kills processes for minutes, or starts hundreds of them
//   node test/run.mjs --all           both, side by side: what waits leaves the processors to what works
//   node test/run.mjs test/store …    only what lies below the named folders or files, slow or not
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { compileInto } from './compile.mjs'

const CEPH = join('test', 'ceph')

function testFilesBelow(path) {
  if (statSync(path).isFile()) return [path]
  return readdirSync(path)
    .map(name => join(path, name))
    .flatMap(child => (statSync(child).isDirectory() ? testFilesBelow(child) : child))
    .filter(file => file.endsWith('.test.ts'))
}

const isSlow = file => file.endsWith('.slow.test.ts')
const WHICH = { '--slow': isSlow, '--all': () => true }
const which = WHICH[process.argv[2]]
const asked = process.argv.slice(which ? 3 : 2)
const wanted = which ?? (file => !isSlow(file))
const files =
  asked.length > 0
    ? asked.flatMap(testFilesBelow)
    : testFilesBelow('test').filter(file => !file.startsWith(CEPH + sep) && wanted(file))
if (files.length === 0) {
  console.error('test/run.mjs: no test file found, so nothing was tested')
  process.exit(1)
}
// Nothing that a test reads may come from an earlier run, and nothing that it writes may stay.
const cache = mkdtempSync(join(tmpdir(), 'runlet-test-cache-'))
const compiled = join('.compiled', String(process.pid))
process.exitCode = 1
try {
  await compileInto(compiled)
  const reporters = [
    ['tap', 'stdout'],
    ['./test/support/failures.mjs', 'stderr'],
  ].flatMap(([reporter, destination]) => [`--test-reporter=${reporter}`, `--test-reporter-destination=${destination}`])
  // By default one core is left idle. What the slow ones do much of the time is wait, and so do those on Ceph.
  const waits = files.some(isSlow) || files.every(file => file.startsWith(CEPH + sep))
  const concurrency = availableParallelism() + (waits ? 1 : 0)
  const runner = ['--enable-source-maps', '--test', ...reporters, `--test-concurrency=${concurrency}`]
  // The slow ones first, so that none of them is left to go on alone in the end.
  files.sort((a, b) => Number(isSlow(b)) - Number(isSlow(a)) || (a < b ? -1 : 1))
  const scripts = files.map(file => join(compiled, relative('.', file).replace(/\.ts$/, '.js')))
  const env = { ...process.env, RUNLET_CACHE: cache }
  process.exitCode = spawnSync(process.execPath, [...runner, ...scripts], { stdio: 'inherit', env }).status ?? 1
} finally {
  for (const folder of [cache, compiled]) rmSync(folder, { recursive: true, force: true })
}
