// Another version of Node: its binary from npm, and the suites under it.
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { ROOT } from '../support/programs.ts'

/** Each layer once, on memory, on a folder and on S3, with processes and threads; and the package as it is installed. */
const SUITES = [
  'test/namespace/commit.test.ts',
  'test/namespace/merge-layers.test.ts',
  'test/run/run.test.ts',
  'test/run/fold.test.ts',
  'test/lease',
  'test/store/file.test.ts',
  'test/store/s3.test.ts',
  'test/store/s3',
  'test/sync/pull.test.ts',
  'test/sync/push.test.ts',
  'test/formats',
  'test/events',
  'test/cli/usage.test.ts',
  'test/package/package.test.ts',
]

/**
 * The newest of a major version. The package `node` fetches its binary by a script, which npm 11 runs for nobody who has not allowed it; so
 * the package of this platform, which is the binary, is installed itself.
 */
export async function installNode(version: string, folder: string): Promise<string> {
  const system = process.platform === 'win32' ? 'win' : process.platform
  const name = `node-${system}-${process.arch}`
  const options = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error']
  await execa('npm', ['install', '--prefix', folder, ...options, `${name}@${version}`], { stdio: 'inherit' })
  return join(folder, 'node_modules', name, 'bin', system === 'win' ? 'node.exe' : 'node')
}

/** Resolves to whether the suites hold. Programs that they start by the name `node` are of that version too. */
export async function testUnderNode(node: string): Promise<boolean> {
  const { stdout: version } = await execa(node, ['--version'])
  console.log(`\nNode ${version}`)
  const env = { PATH: `${dirname(node)}:${process.env.PATH}` }
  const runner = execa(node, ['test/run.mjs', ...SUITES], { cwd: ROOT, env, reject: false, stderr: 'inherit' })
  const { stdout, exitCode } = await runner
  const closing = stdout.split('\n').filter(line => /^# (tests|pass|fail|duration_ms) /.test(line))
  console.log(closing.join('\n'))
  const tests = Number(/^# tests (\d+)$/m.exec(stdout)?.[1] ?? 0)
  if (tests === 0) console.error('no test was run, so nothing was tested')
  return exitCode === 0 && tests > 0
}
