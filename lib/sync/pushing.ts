// A push that the head of the copy does not have: it was cut short, or others had committed before it. What it was about to commit is
// noted before, with the id of the commit, and forgotten when that head has it. Whoever finds the note asks the history of the namespace
// (G5): else what was pushed would look like the change of a stranger, or what is changed back like no change at all.
import { readFile, rm } from 'node:fs/promises'
import type { Path } from '../names.ts'
import { findCommit } from '../namespace/history.ts'
import { decideQueue } from '../namespace/leading.ts'
import { isQueued } from '../namespace/queue.ts'
import { idSchema, pathSchema, type Row } from '../namespace/row.ts'
import { decodeJson, encodeJson } from '../store/json-object.ts'
import * as z from '../vendor/zod.ts'
import { sideSchema } from './copy-state.ts'
import { ifMissing } from './local-files.ts'
import type { Turn } from './turn.ts'

const FILE = 'pushing.json'

const pushingSchema = z.object({
  format: z.literal(1),
  commit: idSchema,
  /** The head that it was made against. */
  since: z.number().int().nonnegative(),
  /** What each path is to have; null for nothing. */
  sides: z.array(z.tuple([pathSchema, sideSchema.nullable()])),
})

/** To be called before the commit. */
export function notePush(
  { state }: Turn,
  { commit, since, rows }: { commit: string; since: number; rows: readonly Row[] },
): Promise<void> {
  const sides = rows.map(({ path, sha256, executable = false }) => [path, sha256 ? { sha256, executable } : null])
  return state.writeWhole(FILE, encodeJson({ format: 1, commit, since, sides }))
}

/** To be called once the head that the copy follows has the commit. */
export const forgetPush = ({ state }: Turn): Promise<void> => rm(state.pathOf(FILE), { force: true })

/**
 * Takes note of what a push did that the copy's head does not have: it was cut short, or others had committed before it. Resolves to
 * its paths, if there is one; then a pull must come before the next push, for that is made against the head. Only then it asks the store.
 */
export async function finishPush(turn: Turn): Promise<readonly Path[]> {
  const { state } = turn
  const file = state.pathOf(FILE)
  const body = await readFile(file).catch(ifMissing)
  if (!body) return []
  const { commit, since, sides } = decodeJson(file, body, pushingSchema)
  if (!(await hasHappened(turn, { commit, since }))) {
    await forgetPush(turn)
    return []
  }
  for (const [path, side] of sides) {
    if (side) await state.set({ path, ...side, stat: undefined })
    else await state.delete(path)
  }
  await state.flush()
  return sides.map(([path]) => path)
}

/** For good: what still waits in the queue is decided first. Else who leads there next would commit what nobody knows of any more. */
async function hasHappened(
  { namespace, signing }: Turn,
  { commit, since }: { commit: string; since: number },
): Promise<boolean> {
  const found = async () => {
    const head = (await namespace.head.peek())?.value
    return head && findCommit(namespace.store, head, since, ({ id }) => id === commit)
  }
  if (await found()) return true
  if (namespace.head.known && (await isQueued(namespace, commit))) await decideQueue(namespace, signing.author)
  return (await found()) !== undefined // it may have left the queue between the two looks, too
}
