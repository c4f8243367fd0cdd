// The blocks that are no programs but are read by one: configurations and policies. Each has a check, which takes the block's text.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseConfig } from '../../lib/config.ts'
import { parseSettings } from '../../lib/integrations/swamp/config.ts'
import { openStore } from '../../lib/runlet.ts'
import { ROOT } from '../support/programs.ts'
import { blockOf, type Row } from './row.ts'
import { SWAMP_SETUP, swampConfigIn } from './swamp-setup.ts'

export interface Document extends Row {
  /** What the block is held to, as the rest of a sentence. */
  readonly promise: string
  readonly check: (text: string) => Promise<void> | void
}

/** The bucket policies. test/ceph/policies.test.ts takes them from here, and tries them on a real gateway. */
export const BUCKET_POLICY: Row = { language: 'json', has: /^\{\n {2}"Version": "2012-10-17"/ }
export const REFRESH_STATEMENT: Row = { language: 'json', has: /^\{\n {2}"Sid": "TheRunMayRefresh"/ }

export const DOCUMENTS: readonly Document[] = [
  {
    language: 'json',
    has: /^"retention": \[/,
    promise: 'is retention as runlet.config.json has it, and deletes what it says',
    check: deletesWhatItSays,
  },
  { ...BUCKET_POLICY, promise: 'is tried on Ceph', check: text => isTriedOnCeph(text, 'BUCKET_POLICY') },
  { ...REFRESH_STATEMENT, promise: 'is tried on Ceph', check: text => isTriedOnCeph(text, 'REFRESH_STATEMENT') },
  {
    language: 'yaml',
    has: /^datastore:\n {2}type: "@runlet\/runlet"/,
    promise: "is the configuration that the page's `swamp datastore setup` is given",
    check: isWhatTheSetUpLeaves,
  },
]

async function deletesWhatItSays(text: string): Promise<void> {
  const { retention } = parseConfig('README.md', `{ "store": "memory:", "namespace": "control-plane", ${text} }`)
  assert.ok(retention)
  const store = await openStore('memory:')
  const namespace = await store.namespace('control-plane', { create: true })
  const versions = [1, 2, 3, 4, 5, 6, 7].map(version => `data/vm/web/${version}/raw`)
  const golden = [1, 2, 3, 4, 5, 6, 7].map(version => `data/golden/web/${version}/raw`)
  const all = [...versions, ...golden, 'reports/monday/a.csv', 'cache/a']
  await namespace.commit(tx => {
    for (const path of all) tx.put(path, 'x')
  })
  await store.sweep({ retention })
  const left = []
  for await (const { path } of namespace.list()) left.push(path)
  assert.deepEqual(left, all.filter(path => !versions.slice(0, 2).includes(path)).sort())
  await store.close()
}

/** Executed where there is a gateway: here it is only seen that it is. */
async function isTriedOnCeph(text: string, name: string): Promise<void> {
  JSON.parse(text)
  const [policies, script, ci, { scripts }] = await Promise.all([
    read('test/ceph/policies.test.ts'),
    read('test/ceph/run.sh'),
    read('.ci/run'),
    read('package.json').then(text => JSON.parse(text)),
  ])
  assert.match(policies, new RegExp(`policyOf\\(${name}\\)`))
  assert.match(script, /run\.mjs "\$\{@:-test\/ceph\}"/)
  assert.match(scripts['test:ceph'], /test\/ceph\/run\.sh/)
  assert.match(ci, /^run test:ceph$/m)
}

const read = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8')

/** Swamp writes the file itself; what it is told is in the page, too. */
function isWhatTheSetUpLeaves(text: string): void {
  const config = swampConfigIn(blockOf(SWAMP_SETUP).text)
  parseSettings(config, {})
  const keys = Object.entries(config).map(([key, value]) => `    ${key}: ${value}\n`)
  assert.equal(text, `datastore:\n  type: "@runlet/runlet"\n  config:\n${keys.join('')}`)
}
