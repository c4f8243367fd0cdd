// Packs: many small values in one immutable object. Index files that live long hold no inline values: they would make a listing
// as heavy as the data.
import { putImmutable } from '../store/immutable.ts'
import type { NamespaceContext } from './context.ts'
import { packKey } from './keys.ts'
import { newId } from './object-id.ts'
import type { Row } from './row.ts'

const MAX_PACK_BYTES = 4 * 1024 * 1024

/** Rows whose inline values are on their way to packs. No head may name them before `stored`. */
export interface Packed {
  readonly rows: readonly Row[]
  readonly stored: Promise<unknown>
}

/** Moves the inline values of sorted rows to packs in the namespace's folder, unless they are too few to be worth a request. */
export function packValues(context: NamespaceContext, rows: readonly Row[], unlessBelow: number): Packed {
  const inline = rows.reduce((sum, row) => sum + (row.value?.length ?? 0), 0)
  if (inline <= unlessBelow) return { rows, stored: Promise.resolve() }
  const packed: Row[] = []
  const puts: Promise<unknown>[] = []
  let pack = openPack(context)
  for (const row of rows) {
    if (row.value === undefined) {
      packed.push(row)
      continue
    }
    const bytes = Buffer.from(row.value, 'base64')
    if (pack.size > 0 && pack.size + bytes.length > MAX_PACK_BYTES) {
      puts.push(closePack(context, pack))
      pack = openPack(context)
    }
    const { value: _, ...rest } = row
    packed.push({ ...rest, in: context.name, pack: [pack.id, pack.size] })
    pack.parts.push(bytes)
    pack.size += bytes.length
  }
  puts.push(closePack(context, pack))
  return { rows: packed, stored: Promise.all(puts) }
}

interface OpenPack {
  readonly id: string
  readonly parts: Uint8Array[]
  size: number
}

const openPack = (context: NamespaceContext): OpenPack => ({ id: newId(context.ambient), parts: [], size: 0 })

async function closePack(context: NamespaceContext, pack: OpenPack): Promise<void> {
  if (pack.parts.length > 0)
    await putImmutable(context.store, context.ambient, packKey(context.name, pack.id), Buffer.concat(pack.parts))
}
