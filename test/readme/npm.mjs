// A stand-in for npm in the worlds of the pages' blocks. `npm run NAME -- ARGS` runs that script of package.json in the folder where it is
// called, but builds nothing, for a build pulls dist from under other tests. What installs, builds and tests is what has started this test
// in the first place: it is only noted, and the test sees that .ci/run does it. NPM_MORE: arguments that make a demo shorter.
import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const NOTED = ['ci', 'install', 'pack', 'test', 'run build']
const BUILD = 'npm run build'

const root = rootAbove(import.meta.dirname)
const [verb, ...args] = process.argv.slice(2)
const asked = verb === 'run' ? `run ${args.shift()}` : verb
if (NOTED.includes(asked)) appendFileSync(process.env.NPM_NOTES, `npm ${asked}\n`)
else process.exitCode = run(asked.replace('run ', ''))

function run(name) {
  const { [name]: script, [`pre${name}`]: before } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ).scripts
  if (!script || before !== BUILD) throw new Error(`npm run ${name}: no such script, or none that builds first`)
  const more = (process.env.NPM_MORE ?? '').split(' ').filter(Boolean)
  const given = [...(args[0] === '--' ? args.slice(1) : args), ...more]
  const command = script
    .replace('--import tsx ', `--import '${import.meta.resolve('tsx')}' `)
    .replace('examples/', `${join(root, 'examples')}/`)
  const env = { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') }
  return spawnSync('sh', ['-c', `${command} "$@"`, 'sh', ...given], { stdio: 'inherit', env }).status ?? 1
}

function rootAbove(folder) {
  return existsSync(join(folder, 'package-lock.json')) ? folder : rootAbove(dirname(folder))
}
