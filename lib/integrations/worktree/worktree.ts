// Git worktrees with a namespace each: a child of the one that the configuration names, forked with the first use (use.ts) and folded,
// discarded or given by hand here. The entry of this folder. It knows of namespaces and runs only what everybody can call.
// Invariant: the run is ended first, and what is remembered of it after that: a crash between leaves a run that has ended, which the
// next command, or the same verb again, finds so.
//
//   config.ts  ->  place (checkout, records)          which namespace a folder has: files only
//   commands   ->  use  ->  records, name, git         the first use
//   verbs      ->  worktree, install (hook, managers)  set up and end
//   sweep      ->  gone                                worktrees that were removed
import { type Config, findConfig } from '../../config.ts'
import { RunInUseError, RunNotFoundError } from '../../errors.ts'
import {
  childName,
  isNamespaceName,
  type NamespaceName,
  parseNamespaceName,
  parseSegment,
  splitName,
} from '../../names.ts'
import { hasEnded } from '../../namespace/head.ts'
import type { FoldOptions } from '../../options.ts'
import type { FoldResult } from '../../run/fold.ts'
import type { Namespace, Run, Store } from '../../runlet.ts'
import { isSameStore } from '../../store/open.ts'
import { type Checkout, checkoutsAround } from './checkout.ts'
import { AttachedError, NoRepositoryError, NotAttachedError, WorktreeLostError } from './errors.ts'
import { branchOf } from './git.ts'
import { mainOf } from './place.ts'
import {
  type Attachment,
  claim,
  detach,
  isNew,
  listAttachments,
  type OnRemoved,
  readAttachment,
  whereIs,
} from './records.ts'
import { attachNew, choiceFor, forkOptions, newAttachment, orLost } from './use.ts'

/** The checkout that a folder is in. @throws NoRepositoryError */
export async function checkoutOf(folder: string): Promise<Checkout> {
  for await (const checkout of checkoutsAround(folder)) return checkout
  throw new NoRepositoryError(folder, 'a git checkout')
}

/** What the configuration says for a checkout that has no namespace of its own yet. */
export async function configToAttach(
  checkout: Checkout,
  given: { store?: string | undefined; namespace?: string | undefined },
): Promise<Config> {
  return findConfig({ ...given, worktree: { checkout, main: await mainOf(checkout), attached: undefined } })
}

/**
 * Gives the checkout a namespace: a new one, or the run `name` of the configuration's namespace (or with its full name), which is forked
 * if it is not there.
 * @throws AttachedError when it has another one, or another worktree has that one
 */
export async function attach(
  store: Store,
  config: Config,
  checkout: Checkout,
  { name, onRemoved }: { name?: string | undefined; onRemoved?: OnRemoved | undefined },
): Promise<{ namespace: Namespace; forked: boolean }> {
  const asked = name === undefined ? undefined : fullName(config.namespace, name)
  const found = await readAttachment(checkout)
  if (found?.forked) {
    const namespace = await store.namespace(found.namespace)
    const isOver = hasEnded(namespace.state)
    if (!isOver && found.namespace === asked) return { namespace, forked: false }
    if (!isOver) throw new AttachedError(checkout.root, found.namespace, 'Fold or discard it first.')
  }
  if (found) await detach(checkout, found)
  const worktree = { checkout, main: await mainOf(checkout), attached: undefined }
  if (asked === undefined) return { namespace: await attachNew(store, config, worktree, { onRemoved }), forked: true }
  await assertNobodyHas(asked, store, checkout)
  const about = {
    namespace: asked,
    branch: await branchOf(checkout),
    main: worktree.main,
    onRemoved: await choiceFor(checkout, onRemoved),
  }
  const attachment = newAttachment(store, checkout, about)
  const forked = await forkOrFind(store, config, attachment)
  const standing = await claim(checkout, { ...attachment, forked: true })
  if (standing.key !== attachment.key)
    throw new AttachedError(
      checkout.root,
      standing.namespace,
      'Another command was faster: see `runlet worktree status`.',
    )
  return { namespace: await store.namespace(asked), forked }
}

function fullName(parent: string, name: string): NamespaceName {
  return name.includes('/') && isNamespaceName(name)
    ? name
    : childName(parseNamespaceName(parent), parseSegment(name, 'run id'))
}

/** Two worktrees in one namespace would see each other's unfinished work. */
async function assertNobodyHas(namespace: string, store: Store, { commonDir }: Checkout): Promise<void> {
  for (const other of await listAttachments(commonDir)) {
    const isSame = other.forked && other.namespace === namespace && (await isSameStore(other.store, store.url))
    const root = isSame && (await whereIs(commonDir, other))
    if (root) throw new AttachedError(root, namespace, 'Choose another one.')
  }
}

/** Resolves to whether it was forked now. */
async function forkOrFind(store: Store, config: Config, attachment: Attachment): Promise<boolean> {
  const { parent, id } = splitName(attachment.namespace)
  try {
    await (await (await store.namespace(parent)).fork(id, forkOptions(attachment, config))).release()
    return true
  } catch (error) {
    if (error instanceof RunInUseError) return false
    throw error
  }
}

interface WorktreeStatus {
  /** The attachment, if it has a namespace of its own. */
  readonly attached: Attachment | undefined
  /** Whether the next command gives it one. */
  readonly isNew: boolean
}

export async function statusOf(checkout: Checkout): Promise<WorktreeStatus> {
  const attached = await readAttachment(checkout)
  return { attached: attached?.forked ? attached : undefined, isNew: await isNew(checkout) }
}

/** @throws NotAttachedError */
export async function attachmentOf(checkout: Checkout): Promise<Attachment> {
  const { attached } = await statusOf(checkout)
  if (!attached) throw new NotAttachedError(checkout.root)
  return attached
}

/**
 * Folds the worktree's namespace into its parent. Folding it again, after a crash, changes nothing more.
 * @throws ConflictError; people go on working in the worktree then, so it is refreshed first, which a conflict leaves open
 */
export async function foldWorktree(
  store: Store,
  checkout: Checkout,
  attachment: Attachment,
  options: FoldOptions,
): Promise<FoldResult> {
  const run = await runOf(store, attachment, options.onConflict)
  const result = await orRelease(run, async () => {
    if (run.state === 'open') await run.refresh()
    return run.fold(options)
  })
  await detach(checkout, attachment)
  return result
}

/** Discards it. One that has ended already, or is not in the store, is only forgotten. */
export async function discardWorktree(store: Store, checkout: Checkout, attachment: Attachment): Promise<void> {
  const run = await runOf(store, attachment).catch(error => {
    if (!(error instanceof RunNotFoundError || error instanceof WorktreeLostError)) throw error
  })
  if (run && run.token > 0) await orRelease(run, () => run.discard())
  await detach(checkout, attachment)
}

/** The run, taken over for its end. */
export async function runOf(
  store: Store,
  attachment: Attachment,
  onConflict?: FoldOptions['onConflict'],
): Promise<Run> {
  const { namespace, branch } = attachment
  const { parent, id } = splitName(namespace)
  return (await orLost(store.namespace(parent), attachment)).resume(id, {
    label: `worktree ${branch}`.slice(0, 128),
    onConflict,
  })
}

/** What is refused leaves the run to the next try. */
export async function orRelease<T>(run: Run, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await run.release()
    throw error
  }
}
