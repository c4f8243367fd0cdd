// Using a worktree's namespace: the first use forks it, each later one only opens it. What is forked and when is decided by files alone
// (records.ts), so that commands that come first at the same time use the same run, and one that is killed is gone on with by the next.
import { hostname } from 'node:os'
import { systemAmbient } from '../../ambient.ts'
import type { Config } from '../../config.ts'
import { NamespaceNotFoundError } from '../../errors.ts'
import { childName, parseNamespaceName, splitName } from '../../names.ts'
import { hasEnded } from '../../namespace/head.ts'
import type { ForkOptions } from '../../options.ts'
import type { Namespace, Store } from '../../runlet.ts'
import { FORK_TTL_MS, forkUnowned } from '../unowned-run.ts'
import { type Checkout, isLinked } from './checkout.ts'
import { WorktreeEndedError, WorktreeLostError } from './errors.ts'
import { branchOf } from './git.ts'
import { idOfBranch } from './name.ts'
import type { Worktree } from './place.ts'
import {
  type Attachment,
  claim,
  detach,
  nameOf,
  notedBranch,
  type OnRemoved,
  readInstall,
  writeAttachment,
} from './records.ts'

/** People come back to a worktree after holidays; a sweep on another machine cannot see that it is still there. */
const KEEP_MS = 90 * 86_400_000
/** A label has at most 128 characters. */
const MAX_LABEL = 128

interface UseOptions {
  /** Leaves it to the first use to find out whether the namespace exists. A worktree's own is always looked at. */
  readonly assumeExists?: boolean | undefined
  /** Told when the worktree got its namespace. */
  readonly onFork?: ((namespace: string, worktree: string) => void) | undefined
}

/**
 * Opens the namespace that the configuration names: in a worktree its own, which the first use forks.
 * @throws WorktreeEndedError when it was folded or discarded elsewhere and the worktree gets no new one by itself
 */
export async function openPlace(store: Store, config: Config, options: UseOptions = {}): Promise<Namespace> {
  const { worktree, namespace } = config
  if (!worktree) return store.namespace(namespace, { assumeExists: options.assumeExists ?? false })
  const { attached } = worktree
  if (!attached) return attachNew(store, config, worktree, options)
  const own = await orLost(store.namespace(attached.namespace), attached)
  if (!hasEnded(own.state)) return own
  const { checkout } = worktree
  if (!(isLinked(checkout) && (await readInstall(checkout.commonDir))))
    throw new WorktreeEndedError(checkout.root, attached.namespace, own.state)
  await detach(checkout, attached)
  const parent = { ...config, namespace: splitName(attached.namespace).parent }
  return attachNew(store, parent, { ...worktree, attached: undefined }, options)
}

/** @throws WorktreeLostError when the store does not have what was asked of it for a worktree */
export const orLost = <T>(asked: Promise<T>, { root, namespace, store }: Attachment): Promise<T> =>
  asked.catch(cause => {
    throw cause instanceof NamespaceNotFoundError ? new WorktreeLostError(root, namespace, store, { cause }) : cause
  })

/** Gives the worktree a child of the namespace that the configuration names, under a name that nothing else has. */
export async function attachNew(
  store: Store,
  config: Config,
  { checkout, main }: Worktree,
  { onFork, onRemoved }: UseOptions & { onRemoved?: OnRemoved | undefined } = {},
): Promise<Namespace> {
  const branch = (await notedBranch(checkout)) ?? (await branchOf(checkout))
  const parent = parseNamespaceName(config.namespace)
  const chosen = await choiceFor(checkout, onRemoved)
  const proposed = newAttachment(store, checkout, {
    namespace: childName(parent, idOfBranch(branch, systemAmbient.randomId())),
    branch,
    main,
    onRemoved: chosen,
  })
  const claimed = await claim(checkout, proposed)
  if (claimed.forked) return store.namespace(claimed.namespace)
  // A name that an earlier command chose, and could not fork: the configuration may have been put right since.
  const namespace = childName(parent, splitName(claimed.namespace).id)
  const attachment = { ...claimed, store: store.url, namespace, onRemoved: chosen }
  await forkFor(store, config, attachment)
  await writeAttachment(checkout.commonDir, { ...attachment, forked: true })
  onFork?.(namespace, checkout.root)
  return store.namespace(namespace)
}

/** What becomes of the namespace once the worktree is removed: as it is said now, or was at the installation. */
export const choiceFor = async ({ commonDir }: Checkout, said: OnRemoved | undefined): Promise<OnRemoved> =>
  said ?? (await readInstall(commonDir))?.onRemoved ?? 'keep'

export function newAttachment(
  store: Store,
  checkout: Checkout,
  about: Pick<Attachment, 'namespace' | 'branch' | 'main' | 'onRemoved'>,
): Attachment {
  return {
    format: 1,
    key: systemAmbient.randomId(),
    ...about,
    store: store.url,
    name: nameOf(checkout),
    root: checkout.root,
    host: hostname(),
    forked: false,
    at: systemAmbient.now(),
  }
}

/** Forks the attachment's run, for no process lives as long as the worktree. */
async function forkFor(store: Store, config: Config, attachment: Attachment): Promise<void> {
  const { parent, id } = splitName(attachment.namespace)
  await forkUnowned(await store.namespace(parent), id, forkOptions(attachment, config))
}

/** What the fork records for those who find the run: on this machine the sweep sees whether the worktree is there. */
export function forkOptions({ branch, host, root, onRemoved }: Attachment, config: Config): ForkOptions {
  const label = `worktree ${branch} (${host}:${root})`.slice(0, MAX_LABEL)
  return { label, onError: onRemoved, keepMs: KEEP_MS, ttlMs: FORK_TTL_MS, onConflict: config.onConflict }
}
