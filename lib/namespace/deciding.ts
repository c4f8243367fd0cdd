// Which conflicts are being decided by a function of the caller's, as seen from within it: it runs while its namespace has the only turn
// to commit, so a write of its own to that namespace would wait for itself, for ever.
import { AsyncLocalStorage } from 'node:async_hooks'
import { InvalidArgumentError } from '../errors.ts'
import type { NamespaceName } from '../names.ts'

/** A namespace in a store. */
interface Place {
  readonly url: string
  readonly name: NamespaceName
}

const deciding = new AsyncLocalStorage<readonly { readonly place: Place; isOver: boolean }[]>()

/** Runs `decide`, a policy for a conflict in a namespace. */
export async function whileDeciding<T>(place: Place, decide: () => T | Promise<T>): Promise<T> {
  const own = { place, isOver: false }
  try {
    return await deciding.run([...(deciding.getStore() ?? []), own], decide)
  } finally {
    own.isOver = true // what it began may go on, and write
  }
}

/** @throws InvalidArgumentError within a policy for a conflict in this namespace */
export function assertNotDeciding({ url, name }: Place): void {
  const isHere = deciding.getStore()?.some(({ place, isOver }) => !isOver && place.url === url && place.name === name)
  if (!isHere) return
  throw new InvalidArgumentError(
    'onConflict',
    `the function writes to "${name}" while it decides a conflict there`,
    'Have it return the value to keep, and write elsewhere, or afterwards.',
  )
}
