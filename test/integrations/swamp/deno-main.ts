// `npm run test:deno`: the built datastore under the real Deno (npm's `deno` package), on a folder and on the S3 test server, which
// runs here in Node. Once as the files of the package, and once as one file: that is how swamp loads an extension. What the sync service
// promises is tried from the sources, as under Node.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { execa } from 'execa'
import { startS3Server, useTestCredentials } from '../../support/s3-server.ts'

const PROGRAM = 'test/integrations/swamp/conformance.deno.ts'
const ENTRY = resolve('dist/integrations/swamp/datastore.js')

useTestCredentials()
const folder = await mkdtemp(join(tmpdir(), 'runlet-deno-'))
const server = await startS3Server()
const bundle = join(folder, 'bundle.js')
await build({
  entryPoints: [ENTRY],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
  logLevel: 'warning',
})
for (const [name, path] of Object.entries({ files: ENTRY, bundle })) {
  console.log(`The ${name} of the package under Deno`)
  await deno('run', PROGRAM, pathToFileURL(path).href, 'file:', server.url('swamp', name))
}
console.log('The sync service under Deno')
await deno('test', 'test/integrations/swamp/sync')
await server.close()
await rm(folder, { recursive: true, force: true })

async function deno(how: 'run' | 'test', ...rest: string[]): Promise<void> {
  const env = { DENO_NO_UPDATE_CHECK: '1', RUNLET_CACHE: join(folder, 'cache') }
  const options = { preferLocal: true, stdio: 'inherit', reject: false, env } as const
  const { exitCode } = await execa('deno', [how, '--allow-all', '--no-check', ...rest], options)
  if (exitCode !== 0) process.exitCode = 1
}
