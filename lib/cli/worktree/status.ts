// `runlet worktree status`: which namespace this checkout uses and why, who owns it, and what it changed. Changes nothing, and forks none.
import { findConfig } from '../../config.ts'
import type { Attachment } from '../../integrations/worktree/records.ts'
import { orLost } from '../../integrations/worktree/use.ts'
import { checkoutOf, statusOf } from '../../integrations/worktree/worktree.ts'
import { describeHolder } from '../../lease/record.ts'
import { splitName } from '../../names.ts'
import type { Change } from '../../run/changes.ts'
import type { RunInfo } from '../../run/list-runs.ts'
import type { Store } from '../../runlet.ts'
import type { Verb } from '../context.ts'
import type { Output } from '../output.ts'
import { during } from '../progress.ts'
import { printable } from '../table.ts'
import { atAttached } from './place.ts'

interface State {
  readonly state: string
  readonly run: RunInfo | undefined
  readonly changes: readonly Change[]
}

export const verb: Verb<object, []> = async ({ shared, output }) => {
  const checkout = await checkoutOf(process.cwd())
  const { attached, isNew } = await statusOf(checkout)
  const used = await findConfig(shared).catch(() => undefined)
  if (!attached) {
    const uses = used && { namespace: used.namespace, store: used.store, source: used.source }
    const plan = isNew ? 'it gets one with the first runlet command' : 'it has none of its own'
    const told = `${checkout.root}: ${plan}${used ? `; ${used.source} names ${used.namespace}` : ''}`
    if (output.json) await output.document({ worktree: checkout.root, attached: false, new: isNew, uses })
    else await output.line(printable(told))
    return undefined
  }
  const state = await atAttached(attached, store => during(output, attached.namespace, look(store, attached)))
  const isUsed = used?.worktree?.attached?.key === attached.key
  if (output.json) await output.document(documentOf(checkout.root, attached, state, isUsed))
  else await print({ ...attached, root: checkout.root }, state, output)
  if (!isUsed && used) output.say(`not used by commands here: ${used.source} names ${used.namespace}`)
  return undefined
}

async function look(store: Store, attached: Attachment): Promise<State> {
  const { parent, id } = splitName(attached.namespace)
  const [own, [run]] = await Promise.all([
    orLost(store.namespace(attached.namespace), attached),
    orLost(store.namespace(parent), attached).then(async found => found.runs(id)),
  ])
  const changes: Change[] = []
  if (own.state === 'open' || own.state === 'sealed') for await (const change of own.changes()) changes.push(change)
  return { state: own.state ?? 'open', run, changes }
}

async function print(attached: Attachment, { state, run, changes }: State, output: Output): Promise<void> {
  const { namespace, root, branch, store, onRemoved } = attached
  const { parent } = splitName(namespace)
  const rows = [
    ['namespace', namespace],
    ['state', state],
    ['parent', run ? `${parent}, forked at #${run.forkSeq}` : parent],
    ['store', store],
    ['worktree', `${root} (${branch})`],
    ['owner', ownerOf(run)],
    ['if removed', onRemoved],
    ['changes', String(changes.length)],
  ]
  for (const [name = '', value = ''] of rows) await output.line(`${output.bold(name.padEnd(11))}${printable(value)}`)
  for (const { change, path } of changes) await output.line(`${change.charAt(0).toUpperCase()} ${path}`)
}

function ownerOf(run: RunInfo | undefined): string {
  if (!run?.owner) return 'none: every command here may write'
  return run.ownerExpired ? `gone: ${describeHolder(run.owner)}` : describeHolder(run.owner)
}

function documentOf(worktree: string, attached: Attachment, { state, run, changes }: State, isUsed: boolean): object {
  const { namespace, store, branch, host, onRemoved } = attached
  const { parent } = splitName(namespace)
  const owner = run?.owner && { ...run.owner, expired: run.ownerExpired }
  const about = { worktree, attached: true, used: isUsed, namespace, state, parent, forkSeq: run?.forkSeq }
  return { ...about, store, branch, host, onRemoved, owner, changes }
}
