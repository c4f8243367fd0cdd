// Makes one file of a module and of the packages that it uses, with the licences of these on top.
//   node test/support/bundle.mjs      what the build bundles, into dist
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const VENDOR = join('lib', 'vendor')

/** Of each package that `lib/vendor` is about, a file with what is used of it. */
export async function bundlePackages(folder) {
  // Names stay, for whoever reads a stack.
  const about = { platform: 'node', format: 'esm', target: 'node20', minifySyntax: true, minifyWhitespace: true }
  const names = readdirSync(join(ROOT, VENDOR)).map(file => file.replace(/\.ts$/, ''))
  const files = names.map(name => ({ entryPoints: [join(VENDOR, `${name}.ts`)], outfile: join(folder, `${name}.js`) }))
  await Promise.all(files.map(file => bundle({ ...about, ...file, plugins: [importBuiltins] })))
}

/**
 * Packages that are CommonJS require what Node has, and an ES module has no `require`. So they get what `import` gives. To make a
 * `require` is no way for what may be bundled once more: bundlers make one by the same name.
 */
const importBuiltins = {
  name: 'import builtins',
  setup(building) {
    building.onResolve({ filter: /^(node:)?(child_process|events|fs|path|process)$/ }, ({ kind, path }) =>
      kind === 'require-call' ? { path: path.replace('node:', ''), namespace: 'builtin' } : undefined,
    )
    building.onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      // Its functions need it as their `this`.
      contents: path === 'process' ? 'module.exports = process' : `export * from 'node:${path}'`,
    }))
  },
}

/** The script of the page that `runlet report` writes. */
function bundlePage(outfile) {
  const entryPoints = ['lib/cli/report/page/main.ts']
  return bundle({ entryPoints, outfile, minify: true, format: 'iife', target: 'es2022' })
}

async function bundle(options) {
  const about = { absWorkingDir: ROOT, bundle: true, logLevel: 'warning' }
  // Once to see which packages are in it.
  const { metafile, outputFiles } = await build({ ...about, ...options, write: false, metafile: true })
  const files = Object.entries(Object.values(metafile.outputs)[0].inputs).filter(
    ([, { bytesInOutput }]) => bytesInOutput > 0,
  )
  const packages = files.flatMap(([file]) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[0] ?? [])
  if (outputFiles[0].text.includes('__require(')) throw new Error(`${options.outfile} needs a require`)
  await build({ ...about, ...options, banner: { js: licencesOf(new Set(packages)) } })
}

/** Each text once, below the packages that it is of. */
function licencesOf(folders) {
  const packages = new Map()
  for (const { text, name } of [...folders].map(licenceOf)) packages.set(text, [...(packages.get(text) ?? []), name])
  return [...packages].map(([text, names]) => `/*! ${names.join(', ')}\n\n${text}\n*/`).join('\n')
}

function licenceOf(folder) {
  const file = readdirSync(join(ROOT, folder)).find(name => /^licen[cs]e(\.\w+)?$/i.test(name))
  if (!file) throw new Error(`${folder} has no licence to ship with it`)
  const text = readFileSync(join(ROOT, folder, file), 'utf8')
  const { name, version } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'))
  return { text: text.trim().replaceAll('*/', '* /'), name: `${name} ${version}` }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await Promise.all([bundlePackages('dist/vendor'), bundlePage('dist/cli/report/page.js')])
}
