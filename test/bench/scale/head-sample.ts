// What one state of the parent's head looked like: its size, and what makes it up.

import { rowsOf, tailBytes } from '../../../lib/namespace/compaction-plan.ts'
import type { Head, Layer } from '../../../lib/namespace/head.ts'

export interface HeadSample {
  /** On the clock of the world. */
  readonly at: number
  readonly seq: number
  readonly bytes: number
  /** Layers that are index files; the rest is the tail. */
  readonly fileLayers: number
  readonly tailBytes: number
  /** Rows above the bottom layer, the tail included: what upkeep has not brought down yet. */
  readonly waitingRows: number
  readonly commits: number
}

export function sampleHead(at: number, body: Uint8Array): HeadSample {
  const { seq, layers, commits } = JSON.parse(Buffer.from(body).toString()) as Head
  return {
    at,
    seq,
    bytes: body.length,
    fileLayers: layers.filter(layer => layer.files).length,
    tailBytes: tailBytes(layers),
    waitingRows: layers.slice(1).reduce((sum: number, layer: Layer) => sum + rowsOf(layer), 0),
    commits: commits.length,
  }
}

/** Swaps that brought commits: others are of upkeep and sweeps. */
export function commitSwaps(samples: readonly HeadSample[], seqBefore: number): number {
  let swaps = 0
  let seq = seqBefore
  for (const sample of samples) {
    if (sample.seq > seq) swaps += 1
    seq = sample.seq
  }
  return swaps
}
