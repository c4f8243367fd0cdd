// The values that programs write: each names the write that it belongs to, so that no two are alike.
import type { Random } from '../random.ts'

/** From a few bytes to more than lie inline (4 KiB). */
export function valueFor(random: Random, id: number, about = ''): string {
  const size = random.weighted({ small: 10, middling: 5, large: 2 })
  const length = { small: 8, middling: 400 + random.below(3_000), large: 4_500 + random.below(2_000) }[size]
  return `#${id} ${about}`.padEnd(length, '.')
}

/** The same as a stream. */
export async function* inPieces(value: string): AsyncGenerator<string> {
  for (let at = 0; at < value.length; at += 1_500) yield value.slice(at, at + 1_500)
}

export const text = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString()
