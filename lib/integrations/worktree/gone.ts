// Worktrees that were removed (`git worktree remove`, `rm -rf`), found from what is remembered of them in this repository, and what was
// chosen for them is done. Nobody else can do that: a worktree's run has no living owner, so that from afar one that is used every day
// looks like one that is gone. Such runs are only given up when their long time is over (`keepMs`), and to live worktrees a sweep here
// gives a sign of life now and then, so that this time never comes.
import { hostname } from 'node:os'
import { systemAmbient } from '../../ambient.ts'
import { RunletError, RunNotFoundError } from '../../errors.ts'
import type { Run, Store } from '../../runlet.ts'
import { isSameStore } from '../../store/open.ts'
import { checkoutsAround, foldersAbove, isGitDir } from './checkout.ts'
import { type Attachment, listAttachments, removeAttachment, whereIs, writeAttachment } from './records.ts'
import { orRelease, runOf } from './worktree.ts'

const DAY_MS = 86_400_000
/** What was not forked may be under way in a command that has only just chosen the name. */
const UNDER_WAY_MS = 3_600_000

export interface GoneWorktree {
  readonly namespace: string
  /** Where it was. */
  readonly worktree: string
  readonly done: 'folded' | 'discarded' | 'kept'
  /** Why it could not be treated as chosen; the next sweep tries again. */
  readonly problem?: string
}

interface Sweep {
  readonly dryRun: boolean
  /** How long what was to be kept stays after the worktree was found gone. */
  readonly keepMs: number
  /** Only what lies below this namespace. */
  readonly namespace?: string | undefined
}

/** Treats the worktrees of this machine, of the repository around `folder` and with a namespace in `store`, that are gone. */
export async function sweepWorktrees(store: Store, folder: string, sweep: Sweep): Promise<GoneWorktree[]> {
  const commonDir = await commonDirAround(folder)
  if (commonDir === undefined) return []
  const gone: GoneWorktree[] = []
  for (const attachment of await listAttachments(commonDir)) {
    if (attachment.host !== hostname() || !(await isSameStore(attachment.store, store.url))) continue
    if (sweep.namespace !== undefined && !attachment.namespace.startsWith(`${sweep.namespace}/`)) continue
    if (await whereIs(commonDir, attachment)) await giveSign(store, commonDir, attachment, sweep)
    else {
      const treated = await treat(store, commonDir, attachment, sweep)
      if (treated) gone.push(treated)
    }
  }
  return gone
}

async function commonDirAround(folder: string): Promise<string | undefined> {
  for await (const { commonDir } of checkoutsAround(folder)) return commonDir
  for (const above of foldersAbove(folder)) if (await isGitDir(above)) return above
  return undefined
}

/** Once a day: whoever sweeps from afar sees that somebody is there. */
async function giveSign(store: Store, commonDir: string, attachment: Attachment, { dryRun }: Sweep): Promise<void> {
  const now = systemAmbient.now()
  const isSeen = attachment.goneAt === undefined && now - (attachment.seenAt ?? attachment.at) < DAY_MS
  if (dryRun || !attachment.forked || isSeen) return
  try {
    await (await runOf(store, attachment)).release()
  } catch (error) {
    if (!(error instanceof RunletError)) throw error // of a run that is broken, the sweep of the store tells
  }
  await writeAttachment(commonDir, { ...attachment, seenAt: now, goneAt: undefined })
}

async function treat(
  store: Store,
  commonDir: string,
  attachment: Attachment,
  { dryRun, keepMs }: Sweep,
): Promise<GoneWorktree | undefined> {
  const now = systemAmbient.now()
  if (!attachment.forked && now - attachment.at < UNDER_WAY_MS) return undefined
  const { namespace, root: worktree, goneAt = now, key } = attachment
  const done = choose(attachment, now - goneAt > keepMs)
  if (!dryRun && done === 'kept') await writeAttachment(commonDir, { ...attachment, goneAt })
  if (dryRun || done === 'kept') return { namespace, worktree, done }
  try {
    const run = await runOf(store, attachment)
    if (run.token > 0) await orRelease(run, () => end(run, done))
  } catch (error) {
    if (!(error instanceof RunletError)) throw error
    if (!(error instanceof RunNotFoundError)) return { namespace, worktree, done: 'kept', problem: error.message }
  }
  await removeAttachment(commonDir, key)
  return attachment.forked ? { namespace, worktree, done } : undefined
}

/** What was attached and never forked has nothing to keep. */
function choose({ onRemoved, forked }: Attachment, isOver: boolean): GoneWorktree['done'] {
  if (!forked || onRemoved === 'discard') return 'discarded'
  if (onRemoved === 'fold') return 'folded'
  return isOver ? 'discarded' : 'kept'
}

async function end(run: Run, how: 'folded' | 'discarded'): Promise<void> {
  if (how === 'folded') await run.fold({ message: `sweep: fold ${run.name}, whose worktree is gone` })
  else await run.discard()
}
