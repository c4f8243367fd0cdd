// The fold: one commit on the parent that adopts the run's shard; no value is copied (G2, G4, G5).
//   1. seal: unless the parent is a run that is sealed itself, a sign beside the run's pin says that it is being folded; the run's own
//      layers become one index shard, and its head says `sealed`: no more writes;
//   2. see that the shard can be read; under the parent's merge lease, or through its queue, look at what the parent did since the fork
//      to the run's paths; swap the parent's head for one with a reference to the shard, and the fold's origin;
//   3. the run's head becomes `folded`;
//   4. one that wrote nothing is noted for the sweep; its sign and its pin go.
// A crash between any two is finished by folding again: each step finds what was done before it. The origin in the parent's
// history says that step 2 happened; it is looked for as far back as the fork.
import { AccessDeniedError, NamespaceSealedError, OpenChildrenError, RunletError, RunNotFoundError } from '../errors.ts'
import { outcomeOf, publish } from '../events.ts'
import type { Attempt } from '../lease/leases.ts'
import type { LeaseRecord } from '../lease/record.ts'
import type { Outcome } from '../namespace/batch.ts'
import type { Change } from '../namespace/change.ts'
import { combine, newReport } from '../namespace/combine.ts'
import { errorOf } from '../namespace/committer.ts'
import { rowsOf } from '../namespace/compaction-plan.ts'
import type { Head, IndexRef, Layer, NewHead } from '../namespace/head.ts'
import { scanLayer } from '../namespace/layers.ts'
import { tryToLead } from '../namespace/leading.ts'
import { mergeLayers } from '../namespace/merge-layers.ts'
import { newId } from '../namespace/object-id.ts'
import type { PolicyRule } from '../namespace/policy.ts'
import { type Meter, metered } from '../store/metered-store.ts'
import type { Version } from '../store/register.ts'
import { openChildren, removeAllPins, signFold, takeBackSign } from './pin.ts'
import { assertOwner, finalFences, type OpenRun } from './run.ts'
import { noteEnded } from './sweep/garbage-list.ts'

type MergeLease = Version<LeaseRecord> | undefined

/** What a fold did. Folding again gives the same `seq` and `rows`. */
export interface FoldResult {
  /** The parent's commit that adopted the run; its seq at the time when the run had changed nothing. */
  readonly seq: number
  /** How many paths the run had put or deleted. */
  readonly rows: number
  /** Requests made for it by this process. */
  readonly requests: number
  /** From asking for the merge lease to holding it, or to being committed by who held it, in milliseconds. */
  readonly waitedMs: number
  /** How long this process held the merge lease, in milliseconds; 0 when another one committed the fold. */
  readonly heldMs: number
  /** How many commits went in with the same swap of the parent's head. */
  readonly batchSize: number
}

interface Adopted {
  readonly seq: number
  readonly batchSize: number
  readonly waitedMs: number
  readonly heldMs: number
}

export interface FoldOptions {
  readonly author: string
  readonly message?: string | undefined
  /** In place of the policies given at the fork. */
  readonly rules?: readonly PolicyRule[] | undefined
  /** Of a parent that is a run itself: what its owner must still hold. */
  readonly fence?: Change['fence']
}

/** Folds the run into its parent. Folding a folded run again changes nothing and gives the same seq. */
export async function foldRun(run: OpenRun, options: FoldOptions): Promise<FoldResult> {
  const meter: Meter = { requests: 0, bytesUp: 0, bytesDown: 0 }
  const { ambient, name: namespace } = run.parent
  const startedAt = ambient.monotonic()
  const ended = () => {
    return { namespace, run: run.name, requests: meter.requests, durationMs: ambient.monotonic() - startedAt }
  }
  try {
    const folded = await metered(meter, () => fold(run, options))
    publish('runlet:fold', () => ({ ...ended(), outcome: 'ok', ...folded }))
    return { ...folded, requests: meter.requests }
  } catch (error) {
    publish('runlet:fold', () => ({ ...ended(), outcome: outcomeOf(error) }))
    throw error
  }
}

async function fold(run: OpenRun, options: FoldOptions): Promise<Omit<FoldResult, 'requests'>> {
  await run.child.committer.idle()
  // All that can be known before the seal is asked for at once; the merge lease may be stale by the time it is needed.
  const [ended, mergeLease] = await Promise.all([seal(run), run.parent.merge.inspect()])
  const { sealed } = ended
  if (sealed.state === 'discarded') throw new NamespaceSealedError(run.name, 'discarded')
  const rows = rowsOfHead(sealed)
  if (sealed.state === 'folded') {
    await tidied(removeAllPins(run.parent, sealed))
    const { seq = 0, rows: adopted = rows } = sealed.folded ?? {}
    return { seq, rows: adopted, waitedMs: 0, heldMs: 0, batchSize: 1 }
  }
  const adopted = await adopt(run, ended, options, mergeLease)
  const told = tidied(end(run, { seq: adopted.seq, rows, waitedMs: adopted.waitedMs }))
  await Promise.all([told, run.lease?.abandon()])
  if (adopted.heldMs > 0) run.parent.committer.maintain()
  const isNoted = (await told) && (rows > 0 || (await tidied(noteEnded(run.parent, run.name))))
  if (isNoted) await tidied(removeAllPins(run.parent, sealed))
  return { rows, ...adopted }
}

/**
 * Whether a step after the commit went through. The fold stands in any case, so its promise must not be rejected for want of
 * tidiness: whoever folds again, or sweeps, goes on from here.
 */
async function tidied(step: Promise<void>): Promise<boolean> {
  try {
    await step
    return true
  } catch (error) {
    if (error instanceof RunletError) return false
    throw error
  }
}

interface Sealed {
  readonly sealed: Head
  /** Whether it was this fold that sealed it: then no earlier one can have a change of it in the parent's queue. */
  readonly here: boolean
}

/** Ends the run's writes and leaves its changes as one index shard. Doing it again changes nothing. */
async function seal(run: OpenRun): Promise<Sealed> {
  // Before the head is looked at: what is put in the folder of a run that ended while this process slept nobody would ever look for.
  if ((await run.child.head.current()).value.state === 'open') await assertParentOpen(run)
  let here = false
  const { value } = await run.child.head.update(async head => {
    assertOwner(head, run)
    here = head.state === 'open'
    if (!here) return undefined
    const { write: _, ...rest } = head
    const sealedAt = run.child.ambient.now()
    const [layers] = await Promise.all([asOneLayer(run, head), sign(run, head)])
    return { ...rest, state: 'sealed', sealedAt, layers } satisfies NewHead
  })
  if (!here && value.state === 'sealed') await sign(run, value)
  return { sealed: value, here }
}

/** Who may not write the parent seals the run all the same, for somebody else to look at it and to fold it. */
async function sign(run: OpenRun, head: Head): Promise<void> {
  if (rowsOfHead(head) === 0) return
  try {
    await signFold(run.parent, head)
  } catch (error) {
    if (!(error instanceof AccessDeniedError)) throw error
  }
}

/**
 * A parent that is a run itself may be sealed already, by a fold that was cut short. It would refuse this one, and the refusal that a
 * sealed run's discard needs; so the run stays open, and can be discarded.
 */
async function assertParentOpen({ parent }: OpenRun): Promise<void> {
  if (!(await parent.head.current()).value.base) return
  const { state } = (await parent.head.refresh()).value
  if (state !== 'open') throw new NamespaceSealedError(parent.name, state)
}

/**
 * Refuses to fold away a run that others were forked from. Asked after the seal, and a fork looks at its parent again after
 * its pin is put: so one of the two sees the other. The run is opened again, unless an earlier fold had sealed it: what that one left
 * in the queue may still be committed, and what was written afterwards would never be folded. With it goes the sign: of what comes
 * into the run from now on nobody has said that it is to be folded.
 */
async function assertNoChildren(run: OpenRun, sealedHere: boolean): Promise<void> {
  const children = await openChildren(run.child)
  if (children.length === 0) return
  if (sealedHere) {
    await run.child.head.update(head => {
      assertOwner(head, run)
      const { write: _, sealedAt: __, ...rest } = head
      return head.state === 'sealed' ? { ...rest, state: 'open' } : undefined
    })
    await takeBackSign(run.parent, run.child.head.known?.value)
  }
  throw new OpenChildrenError(run.name, children)
}

async function asOneLayer(run: OpenRun, head: Head): Promise<Layer[]> {
  const { layers } = head
  if (layers.length === 0 || (layers.length === 1 && layers[0]?.files)) return layers
  return [await mergeLayers(run.child, layers, { complete: false })]
}

/** What nobody can read the parent must not adopt: it would be unreadable from then on. What this process has just written is at hand. */
async function assertReadable({ child }: OpenRun, { layers }: Head): Promise<void> {
  for (const layer of layers) for await (const _ of scanLayer(child.index, { layer, namespace: child.name }, ''));
}

export const rowsOfHead = (head: Head): number => head.layers.reduce((sum, layer) => sum + rowsOf(layer), 0)

/** The one commit on the parent; none when the run changed nothing. */
async function adopt(run: OpenRun, { sealed, here }: Sealed, options: FoldOptions, seen: MergeLease): Promise<Adopted> {
  const count = rowsOfHead(sealed)
  const base = sealed.base
  if (!base) throw new RunNotFoundError(run.name)
  if (count === 0) {
    await assertNoChildren(run, here)
    return { seq: base.seq, batchSize: 1, waitedMs: 0, heldMs: 0 }
  }
  await assertReadable(run, sealed)
  const first = await leadUnlessForked(run, here, options.author, seen)
  const files = sealed.layers
    .flatMap(layer => layer.files ?? [])
    .map((ref): IndexRef => ({ ...ref, in: ref.in ?? run.name }))
  const change: Change = {
    id: newId(run.parent.ambient),
    since: base.seq,
    sinceFork: base.below,
    base: () => run.child.views.baseView(run.name, base),
    at: run.parent.ambient.now(),
    author: options.author,
    message: options.message,
    sets: [{ files, count }],
    rules: options.rules ?? run.rules,
    suffix: run.id,
    fence: options.fence,
    origin: { run: run.name, fork: base.fork, seq: sealed.seq },
  }
  const report = newReport()
  const [outcome] = (await combine(run.parent, [change], report, { first, crowded: false })) as [Outcome]
  const discarded = outcome.kind === 'sealed' && run.parent.head.known?.value.state === 'open'
  if (discarded) throw new NamespaceSealedError(run.name, outcome.state)
  if (outcome.kind !== 'committed') throw errorOf(run.parent, outcome)
  const { seq, batchSize } = outcome
  return { seq, batchSize, waitedMs: report.waitedMs, heldMs: report.heldMs }
}

async function leadUnlessForked(run: OpenRun, sealedHere: boolean, label: string, seen: MergeLease): Promise<Attempt> {
  const [children, attempt] = await Promise.allSettled([
    assertNoChildren(run, sealedHere),
    tryToLead(run.parent, label, seen),
  ])
  if (children.status === 'fulfilled' && attempt.status === 'fulfilled') return attempt.value
  if (attempt.status === 'fulfilled' && 'lease' in attempt.value) await attempt.value.lease.release()
  throw children.status === 'rejected' ? children.reason : (attempt as PromiseRejectedResult).reason
}

/** Has the run's head say that its parent has adopted it. */
export async function end(run: OpenRun, folded: NonNullable<Head['folded']>): Promise<void> {
  await run.child.head.update(head => {
    if (head.state !== 'sealed') return undefined
    const { write: _, ...rest } = head
    const endedAt = run.child.ambient.now()
    return { ...rest, state: 'folded', folded, endedAt, fences: finalFences(head, run) }
  })
}
