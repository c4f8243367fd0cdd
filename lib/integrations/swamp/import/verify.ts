// Comparing a datastore with the namespace that it was imported into: nothing is written.
import type { OpenNamespace } from '../../../namespace/namespace.ts'
import type { FileRow } from '../../../namespace/row.ts'
import type { RetentionRule } from '../../../run/retention/rules.ts'
import { type Datastore, keysOfRunlet } from './datastore.ts'
import type { Found } from './inventory.ts'
import { sideBySide } from './plan.ts'
import type { Problem } from './problems.ts'
import { openRecord } from './record.ts'
import { leaveOutSuperseded } from './retain.ts'
import { comparing, type Same } from './same.ts'
import { assertSound, takeInventory } from './take-inventory.ts'
import { externalRow } from './values.ts'

export interface VerifyReport {
  readonly namespace: string
  readonly from: string
  /** Files of which both have the same. */
  readonly same: number
  /** Only swamp has them. */
  readonly missing: Differing
  /** Both have them, differently; or the namespace refers to a version that is no more. */
  readonly different: Differing
  /** They were imported, and swamp has them no more. */
  readonly gone: Differing
  /** Only runlet ever had them: no difference. */
  readonly own: number
  readonly problems: readonly Problem[]
}

interface Differing {
  readonly count: number
  /** The first few. */
  readonly paths: readonly string[]
}

export interface VerifyOptions {
  readonly retention?: readonly RetentionRule[] | undefined
  readonly skipInvalid?: boolean | undefined
  /** Takes what lies there for files of swamp's, though there is no index and nothing in a folder of swamp. */
  readonly anyFiles?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((step: 'index' | 'list' | 'compare', done: number) => void) | undefined
}

export const isVerified = ({ missing, different, gone }: VerifyReport): boolean =>
  missing.count + different.count + gone.count === 0

const MOST_SHOWN = 20

class Differences implements Differing {
  count = 0
  readonly paths: string[] = []

  add(path: string): void {
    this.count += 1
    if (this.paths.length < MOST_SHOWN) this.paths.push(path)
  }
}

/** @throws NamespaceNotFoundError, NoDatastoreError, SharedPrefixError, BusyDatastoreError, SwampProblemsError */
export async function verifyImport(
  into: OpenNamespace,
  datastore: Datastore,
  { retention = [], skipInvalid = false, anyFiles, signal, onProgress }: VerifyOptions = {},
): Promise<VerifyReport> {
  const view = into.views.view((await into.head.refresh()).value)
  const runlet = await keysOfRunlet(datastore, into.store)
  const taken = await takeInventory(datastore, { runlet, anyFiles, signal, onProgress })
  assertSound(datastore, taken, skipInvalid)
  const { inventory, problems } = taken
  leaveOutSuperseded(inventory, retention, { namespace: into.name, now: into.ambient.now() })
  const record = await openRecord(into, datastore, 'if there is one')
  const recorded = record?.views.view((await record.head.refresh()).value)
  const same = comparing(into.values, datastore)
  const found = { missing: new Differences(), different: new Differences(), gone: new Differences() }
  let [agreeing, own, looked] = [0, 0, 0]
  for await (const { path, swamp, row } of sideBySide(inventory.files(), view.scan(''))) {
    onProgress?.('compare', ++looked)
    if (swamp && !row) found.missing.add(path)
    else if (!swamp && row) {
      if (await recorded?.find(path)) found.gone.add(path)
      else own += 1
    } else if (swamp && row) {
      if (await isSame({ swamp, row }, { into, datastore, same })) agreeing += 1
      else found.different.add(path)
    }
  }
  return { namespace: into.name, from: datastore.url, same: agreeing, ...found, own, problems: problems.list() }
}

async function isSame(
  { swamp, row }: { swamp: Found; row: FileRow },
  { into, datastore, same }: { into: OpenNamespace; datastore: Datastore; same: Same },
): Promise<boolean> {
  const theirs = externalRow({ into, datastore }, swamp)
  const refers = row.external?.[0] === theirs.external?.[0]
  if (refers) return row.external?.[1] === theirs.external?.[1] && row.size === theirs.size
  return same(row, theirs)
}
