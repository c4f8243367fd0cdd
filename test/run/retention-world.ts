// Worlds for the tests of retention: what is written, and rules applied to it by another process.
import assert from 'node:assert/strict'
import { parseNamespaceName } from '../../lib/names.ts'
import { openNamespace } from '../../lib/namespace/namespace.ts'
import { applyRetention, type RetentionOptions } from '../../lib/run/retention/retention.ts'
import type { RetentionRule } from '../../lib/run/retention/rules.ts'
import type { Namespace } from '../../lib/runlet.ts'
import { type Client, contents, type World } from '../support/world.ts'

export const DAY = 86_400_000
export const FIVE_VERSIONS: RetentionRule = { path: 'data/{name}/{version}/**', keep: { newest: 2, by: 'version' } }

/** As another process, which has seen nothing yet. */
export function retain(client: Client, rules: readonly RetentionRule[], options: Partial<RetentionOptions> = {}) {
  const namespace = openNamespace(client.objects, parseNamespaceName('p'), client.ambient)
  return applyRetention(namespace, rules, { author: 'sweep', ...options })
}

/** The report of the first rule, as anything that the test does not name does not matter. */
export async function applied(world: World, rules: readonly RetentionRule[], options?: Partial<RetentionOptions>) {
  const [report] = await retain(world.client(), rules, options)
  assert.ok(report)
  return report
}

export async function write(namespace: Namespace, files: Readonly<Record<string, string>> | readonly string[]) {
  const entries = Array.isArray(files) ? files.map(path => [path, path] as const) : Object.entries(files)
  await namespace.commit(tx => {
    for (const [path, value] of entries) tx.put(path, value)
  })
}

export const pathsOf = async (namespace: Namespace) => Object.keys(await contents(namespace))

export const versions = (name: string, numbers: readonly (number | string)[]) =>
  numbers.flatMap(version => [`data/${name}/${version}/a.json`, `data/${name}/${version}/deep/b.json`])
