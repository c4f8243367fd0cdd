// A push that was cut short: did its commit happen? What it was about to commit is noted before, with the commit's id, and forgotten
// when the copy has taken note of what it did. Whoever finds the note asks the namespace's history (G5): without that, what the dead
// push had committed would look like somebody else's change to files that were edited since.
import { readFile, rm } from 'node:fs/promises'
import { z } from 'zod'
import { findCommit } from '../namespace/history.ts'
import { idSchema, pathSchema, type Row } from '../namespace/row.ts'
import { decodeJson, encodeJson } from '../store/json-object.ts'
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

/** To be called once the copy knows what the commit did. */
export const forgetPush = ({ state }: Turn): Promise<void> => rm(state.pathOf(FILE), { force: true })

/** Takes note of what a push did that was cut short, if there was one. Only then it asks the store. */
export async function finishPush(turn: Turn): Promise<void> {
  const { state, namespace } = turn
  const file = state.pathOf(FILE)
  const body = await readFile(file).catch(ifMissing)
  if (!body) return
  const { commit, since, sides } = decodeJson(file, body, pushingSchema)
  const head = (await namespace.head.peek())?.value
  if (head && (await findCommit(namespace.store, head, since, ({ id }) => id === commit))) {
    for (const [path, side] of sides) {
      if (side) await state.set({ path, ...side, stat: undefined })
      else await state.delete(path)
    }
    await state.flush()
  }
  await forgetPush(turn)
}
