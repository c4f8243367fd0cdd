// `npm run test:runtimes`: what must hold on every runtime, on those that this is not: the other versions of Node that are supported,
// installed from npm for the occasion, and Deno. A core of the suites, for all of them would take an hour; on Node 20, or whatever runs
// this, `npm test` runs them all. Prints the closing lines of each runner, and fails if one fails or has tested nothing.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testUnderDeno } from './deno.ts'
import { installNode, testUnderNode } from './node.ts'

const VERSIONS = ['20', '22', '24']

const startedAt = performance.now()
const folder = await mkdtemp(join(tmpdir(), 'runlet-runtimes-'))
try {
  const here = process.versions.node.split('.')[0]
  for (const version of VERSIONS.filter(version => version !== here)) {
    const node = await installNode(version, join(folder, version))
    if (!(await testUnderNode(node))) process.exitCode = 1
  }
  if (!(await testUnderDeno(folder))) process.exitCode = 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
const seconds = Math.round((performance.now() - startedAt) / 1000)
console.log(`\n${process.exitCode ? 'Something failed.' : 'All of it holds.'} It took ${seconds} s.`)
