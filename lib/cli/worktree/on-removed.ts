// `--on-removed`: what the sweep does with the namespace of a worktree that was removed.
import { InvalidArgumentError } from '../../errors.ts'
import { type OnRemoved, onRemovedSchema } from '../../integrations/worktree/records.ts'

export function parseOnRemoved(text: string | undefined): OnRemoved | undefined {
  if (text === undefined) return undefined
  const parsed = onRemovedSchema.safeParse(text)
  if (parsed.success) return parsed.data
  const remedy = `Use ${onRemovedSchema.options.join(', ')}.`
  throw new InvalidArgumentError('--on-removed', `${JSON.stringify(text)} is unknown`, remedy)
}
