// The state of one workflow: a typed document, of which everything else is derived. Pure. It grows by transitions only, so whoever
// reads it after a crash knows what was finished, and with which commit.
import { z } from 'zod'

export const PHASES = ['plan', 'build', 'test', 'review', 'document'] as const
export type Phase = (typeof PHASES)[number]

const commitSchema = z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/, 'is no commit')

const transitionSchema = z.strictObject({
  phase: z.enum(PHASES),
  became: z.enum(['started', 'finished', 'failed']),
  /** What the workflow's branch holds after it. */
  commit: commitSchema,
  at: z.iso.datetime(),
})
export type Transition = z.infer<typeof transitionSchema>

const stateSchema = z.strictObject({
  format: z.literal(1),
  id: z.string(),
  task: z.string().min(1),
  /** The commit that the workflow began with. */
  base: commitSchema,
  transitions: z.array(transitionSchema),
})
export type State = z.infer<typeof stateSchema>

/** The document cannot be what this program wrote; the message says where. */
export class MalformedStateError extends Error {}

export function parseState(text: string, source: string): State {
  try {
    return stateSchema.parse(JSON.parse(text))
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll('\n', ' ') : (cause as Error).message
    throw new MalformedStateError(`${source} is no state of a workflow: ${why}`, { cause })
  }
}

const FOLLOWS: Record<Phase, Phase | undefined> = {
  plan: 'build',
  build: 'test',
  test: 'review',
  review: 'document',
  document: undefined,
}

/** The phase that an event calls for; undefined when the workflow is complete. */
export function phaseUpon(last: Transition | undefined): Phase | undefined {
  if (!last) return 'plan'
  if (last.became === 'finished') return FOLLOWS[last.phase]
  const isVerdict = last.phase === 'test' || last.phase === 'review'
  return last.became === 'failed' && isVerdict ? 'build' : last.phase // else it was interrupted, or is tried again
}

/** The commit that the branch stood at when the last phase ended: what a phase that was cut short did after it does not count. */
export function lastCommit({ base, transitions }: State): string {
  return transitions.at(-1)?.commit ?? base
}

/** How often a phase was started. */
export function attempts({ transitions }: State, phase: Phase): number {
  return transitions.filter(transition => transition.phase === phase && transition.became === 'started').length
}

/** The verdict that the next build has to answer to. */
export function complaint({ transitions }: State): Phase | undefined {
  const verdict = transitions.findLast(({ phase }) => phase !== 'build')
  return verdict?.became === 'failed' ? verdict.phase : undefined
}
