// After all programs have ended: whoever died has been dead for long, the weather is calm. What was left is brought to its end by one
// more process, and what remains is checked.
import type { Namespace } from '../../lib/runlet.ts'
import { Actor } from './actor.ts'
import { checkLeaks } from './leaks.ts'
import { CALM, RIGHT_CLOCK } from './plan.ts'
import { look, readAll, readLog } from './programs/readers.ts'
import { sweepClean } from './programs/upkeep.ts'
import { puts } from './programs/writes.ts'
import { ROOT, type Scene } from './scene.ts'
import { isRunletError, Violation } from './violation.ts'

export async function checkEnd(scene: Scene): Promise<void> {
  await scene.time.ambient().sleep(scene.plan.graceMs)
  const last = new Actor(scene, { name: 'last', clock: RIGHT_CLOCK, climate: CALM, random: scene.random.fork() })
  let done = false
  const step = async () => {
    try {
      await foldWhatIsLeft(last)
      await readEverything(last)
      await sweepClean(last)
      await readEverything(last)
      done = true
    } catch (error) {
      if (!isRunletError(error)) throw error
      throw new Violation('G6', `all alone, the last process was told ${error.code}: ${error.message}`, {
        cause: error,
      })
    }
  }
  await last.perform(1, () => ({ name: 'the end', step }))
  if (!done) throw new Violation('G6', 'the last process, all alone, could not come to an end')
  checkTold(scene)
  checkQueue(scene)
  checkLeaks(scene)
}

/** Every run that ever was can be taken up and folded; of those that had ended that changes nothing (G5). */
async function foldWhatIsLeft(actor: Actor): Promise<void> {
  const { root, scene } = actor
  const last = await root.fork('last', { ttlMs: 5_000 })
  await puts(actor, last, 1)
  await last.fold()
  for (const id of scene.runs) await finish(root, id)
  for (const { id } of await root.runs()) await finish(root, id)
}

/** Folds a run, or discards what cannot be folded, after those that were forked from it. */
async function finish(parent: Namespace, id: string): Promise<void> {
  const run = await parent.resume(id).catch(unless('ERR_RUNLET_RUN_NOT_FOUND'))
  if (!run) return
  for (const inner of await run.runs()) await finish(run, inner.id)
  const folded = await run.fold().catch(unless('ERR_RUNLET_NAMESPACE_SEALED', 'ERR_RUNLET_CONFLICT'))
  if (!folded) await run.discard().catch(unless('ERR_RUNLET_NAMESPACE_SEALED'))
  await run.release()
}

const unless =
  (...codes: string[]) =>
  (error: unknown): undefined => {
    if (isRunletError(error) && codes.includes(error.code)) return undefined
    throw error
  }

async function readEverything(actor: Actor): Promise<void> {
  await look(actor, actor.root)
  await readAll(actor, actor.root)
  await readLog(actor, actor.root)
}

/** What was refused did not happen; what was acknowledged did, as was checked when it was told (G1, G5). */
function checkTold({ history }: Scene): void {
  for (const { id, told, applied } of history.invocations) {
    if (told === 'refused' && applied !== undefined)
      throw new Violation('G5', `write #${id} was refused, and is commit ${applied}`)
  }
}

/** Nothing waits for ever (G6). */
function checkQueue({ witness }: Scene): void {
  const waiting = [...witness.bucket.objects.keys()].filter(
    key => key.startsWith(`ns/${ROOT}/_/queue/`) && !witness.decoder.document(key).rejected,
  )
  if (waiting.length > 0) throw new Violation('G6', `${waiting} waits for ever`)
}
