// The lines that tell how a run ended, the same from `runlet run` and `runlet fold`. Pure.
import type { FoldResult } from '../../run/fold.ts'

interface Named {
  readonly id: string
  readonly name: string
  readonly parent: { readonly name: string }
}

export function foldMessage(run: Named, { rows, seq, waitedMs }: FoldResult): string {
  if (rows === 0) return `${run.name} changed nothing, so nothing was folded into ${run.parent.name}`
  const paths = rows === 1 ? '1 row' : `${rows} rows`
  return `folded ${run.name} into ${run.parent.name}: ${paths}, seq ${seq}, waited ${Math.round(waitedMs)} ms`
}

export function keptMessage(run: Named): string {
  return `kept as run ${run.name}: runlet fold ${run.id} | runlet discard ${run.id}`
}
