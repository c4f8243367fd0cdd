// Runs the test files by name: Node 20's runner finds no `**` globs and exits 0 when it ran nothing.
//   node test/run.mjs                 every *.test.ts under test/, except test/ceph (that needs the real engine) and *.slow.test.ts
//   node test/run.mjs --slow          only *.slow.test.ts: what kills processes for minutes, or starts hundreds of them
//   node test/run.mjs --all           both, side by side: what waits leaves the processors to what works
//   node test/run.mjs test/store …    only what lies below the named folders or files, slow or not
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, relative, resolve, sep } from 'node:path'
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

// How long a file may take: one that hangs must not keep the others from telling how they ended.
const MINUTES_PER_FILE = Number(process.env.RUNLET_TEST_FILE_MINUTES ?? 10)

// Nothing that a test reads may come from an earlier run, and nothing that it writes may stay.
const cache = mkdtempSync(join(tmpdir(), 'runlet-test-cache-'))
const compiled = join('.compiled', String(process.pid))
process.exitCode = 1
try {
  await compileInto(compiled)
  const scripts = files.map(file => resolve(compiled, relative('.', file).replace(/\.ts$/, '.js')))
  const { status, failures } = runAll(scripts)
  process.exitCode = isOneThatHung(failures) ? again(failures[0].file) : status
} finally {
  for (const folder of [cache, compiled]) rmSync(folder, { recursive: true, force: true })
}

function runAll(scripts) {
  const told = join(cache, 'failures')
  const reporters = [
    ['tap', 'stdout'],
    ['./test/support/failures.mjs', told],
  ].flatMap(([reporter, destination]) => [`--test-reporter=${reporter}`, `--test-reporter-destination=${destination}`])
  // By default one core is left idle. What the slow ones do much of the time is wait, and so do those on Ceph.
  const waits = files.some(isSlow) || files.every(file => file.startsWith(CEPH + sep))
  const concurrency = availableParallelism() + (waits ? 1 : 0)
  const limits = [`--test-concurrency=${concurrency}`, `--test-timeout=${MINUTES_PER_FILE * 60_000}`]
  const env = { ...process.env, RUNLET_CACHE: cache }
  const runner = ['--enable-source-maps', '--test', ...reporters, ...limits]
  const { status } = spawnSync(process.execPath, [...runner, ...scripts], { stdio: 'inherit', env })
  const failures = readFileSync(told, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line))
  say(failures)
  return { status: status ?? 1, failures }
}

/** In the stream of thousands of results nobody finds what failed. */
function say(failures) {
  if (failures.length === 0) return
  const texts = failures.map(({ file, name, why }) => `${file}: ${name}\n${String(why).replaceAll(/^/gm, '    ')}\n`)
  console.error(`\n${failures.length} failed:\n\n${texts.join('\n')}`)
}

/**
 * Is there nothing wrong but that one process of thousands never ended? Node itself does that, rarely, when a process exits
 * (https://github.com/nodejs/node/issues/54918). What hangs for a reason of ours hangs again.
 */
function isOneThatHung(failures) {
  return failures.length === 1 && failures[0].hung
}

function again(script) {
  console.error(`${script} did not end within ${MINUTES_PER_FILE} minutes. It runs once more, alone.\n`)
  return runAll([script]).status
}
