// `runlet worktree uninstall`: takes the hook away and puts back what was there. Namespaces that worktrees have stay theirs.
import { type Uninstalled, uninstall } from '../../integrations/worktree/install.ts'
import { listAttachments, whereIs } from '../../integrations/worktree/records.ts'
import { repositoryAt } from '../../integrations/worktree/repository.ts'
import type { Verb } from '../context.ts'
import { leftMessage } from './messages.ts'

export const verb: Verb<object, []> = async ({ output }) => {
  const repository = await repositoryAt(process.cwd())
  const done = await uninstall(repository)
  const worktrees = []
  for (const attachment of await listAttachments(repository.commonDir)) {
    const root = attachment.forked && (await whereIs(repository.commonDir, attachment))
    if (root) worktrees.push({ root, namespace: attachment.namespace })
  }
  await output.result({ ...done, worktrees }, messageOf(done))
  if (output.json) return undefined
  if (done.before !== undefined) output.say(leftMessage(done.before))
  for (const { file } of done.wirings) output.say(`take the lines for runlet out of ${file}: they do nothing any more`)
  for (const { root, namespace } of worktrees)
    output.say(`${root} goes on with ${namespace} until it is folded or discarded there`)
  return undefined
}

function messageOf({ hook, path = '' }: Uninstalled): string {
  if (hook === 'restored') return `${path} is again what was there before`
  if (hook === 'removed') return `removed ${path}`
  if (hook === 'edited')
    return `${path} was edited since it was installed, and is left as it is: it does nothing for runlet`
  return 'there was no hook to remove'
}
