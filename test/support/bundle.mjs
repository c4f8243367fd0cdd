// Makes one file of a module and of the packages that it uses, with the licences of these on top.
//   node test/support/bundle.mjs      what the build bundles, into dist
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What a process that only reads a namespace would load a hundred files for. */
export function bundleZod(outfile) {
  const size = { minifySyntax: true, minifyWhitespace: true }
  return bundle({ entryPoints: ['lib/zod.ts'], outfile, platform: 'node', format: 'esm', target: 'node20', ...size })
}

/** The script of the page that `runlet report` writes. */
function bundlePage(outfile) {
  const entryPoints = ['lib/cli/report/page/main.ts']
  return bundle({ entryPoints, outfile, minify: true, format: 'iife', target: 'es2022', legalComments: 'inline' })
}

async function bundle(options) {
  const about = { absWorkingDir: ROOT, bundle: true, logLevel: 'warning' }
  // Once to see which packages are in it.
  const { metafile } = await build({ ...about, ...options, write: false, metafile: true })
  const files = Object.entries(Object.values(metafile.outputs)[0].inputs).filter(
    ([, { bytesInOutput }]) => bytesInOutput > 0,
  )
  const packages = files.flatMap(([file]) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? [])
  const js = [...new Set(packages)].map(licenceOf).join('\n')
  await build({ ...about, ...options, banner: { js } })
}

function licenceOf(name) {
  const text = readFileSync(join(ROOT, 'node_modules', name, 'LICENSE'), 'utf8')
  const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8'))
  return `/*! ${name} ${version}\n\n${text.trim().replaceAll('*/', '* /')}\n*/`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await Promise.all([bundleZod('dist/zod.js'), bundlePage('dist/cli/report/page.js')])
}
