// Compiles all that the tests run, once: through a loader every process of theirs, and there are a thousand, would take most of a second
// more. Types are not checked here (`npm run check` does).
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundlePackages } from './support/bundle.mjs'

const COMPILER = join('node_modules', 'typescript', 'bin', 'tsc')

/** Compiles `lib`, `test` and `examples` into a folder, packages as they are in `dist`; the folder must lie inside the project, where dependencies are found. */
export async function compileInto(folder) {
  const { status } = spawnSync(
    process.execPath,
    [COMPILER, '-p', join('test', 'tsconfig.compile.json'), '--outDir', folder],
    { stdio: 'inherit' },
  )
  if (status !== 0) throw new Error('the tests cannot be compiled')
  await bundlePackages(join(folder, 'lib', 'vendor'))
  for (const name of ['test', 'examples']) cpSync(name, join(folder, name), { recursive: true, filter: isAsset })
  writePackage(folder)
}

/** Golden files, agents, sample repositories. */
function isAsset(path) {
  return statSync(path).isDirectory() || !path.endsWith('.ts')
}

/** What is compiled means itself, and not `dist`, by the package's name. */
function writePackage(folder) {
  const { name, version, type, exports } = JSON.parse(readFileSync('package.json', 'utf8'))
  const here = Object.entries(exports).map(([entry, { default: file }]) => [entry, file?.replace('./dist/', './lib/')])
  mkdirSync(folder, { recursive: true })
  const about = { name, version, type, exports: Object.fromEntries(here.filter(([, file]) => file)) }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(about))
}
