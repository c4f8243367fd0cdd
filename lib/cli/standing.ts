// How a run stands, in a word, and what is said of who owns it: the same in `runlet runs` and `runlet top`. Pure.
import { describeHolder } from '../lease/record.ts'
import { hasEnded } from '../namespace/head.ts'
import type { RunInfo } from '../run/list-runs.ts'

type Standing = 'working' | 'folding' | 'kept' | 'gone' | 'forking' | 'ending' | 'unreadable' | '…'

/** As `RunInfo` and `RunGlance` have it; the latter has no state before it was looked at. */
type Seen = Pick<RunInfo, 'owner' | 'ownerExpired'> & { readonly state: RunInfo['state'] | undefined }

/** `kept`: nobody owns it, so somebody is to fold or discard it; `gone`: its owner died without giving it up; `ending`: it has ended but for its pin. */
export function standingOf({ state, owner, ownerExpired }: Seen): Standing {
  if (state === undefined) return '…'
  if (state === 'forking' || state === 'unreadable') return state
  if (hasEnded(state)) return 'ending'
  if (!owner) return 'kept'
  if (ownerExpired) return 'gone'
  return state === 'sealed' ? 'folding' : 'working'
}

export function ownerOf({ owner, ownerExpired }: Pick<RunInfo, 'owner' | 'ownerExpired'>): string {
  if (!owner) return '-'
  return ownerExpired ? `was ${describeHolder(owner)}` : describeHolder(owner)
}
