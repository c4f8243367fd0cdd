// Reading on the newest head. Objects that a head refers to can be swept once a newer head no longer does: then a reader, which was
// slow, goes on with that one. Should there be no newer head, something was lost, and the reader is told.
import { ExternalObjectError, MissingObjectError, RunNotFoundError } from '../errors.ts'
import type { Version } from '../store/register.ts'
import type { HeadCell, NamespaceContext } from './context.ts'
import { type Head, hasEnded } from './head.ts'

type Means = Pick<NamespaceContext, 'name'> & { readonly head: HeadCell }

/** Reads on the newest head; again, on a newer one, when what it refers to is gone by then. */
export async function onNewest<T>(context: Means, read: (seen: Version<Head>) => Promise<T>): Promise<T> {
  for (let seen = await context.head.refresh(); ; ) {
    try {
      return await read(seen)
    } catch (error) {
      seen = await newerHead(context, seen, error)
    }
  }
}

/** The head to go on with after `error`, which is thrown if it has another reason. */
export async function newerHead(context: Means, seen: Version<Head>, error: unknown): Promise<Version<Head>> {
  // An object of others may have been imported anew.
  if (!(error instanceof MissingObjectError || error instanceof ExternalObjectError)) throw error
  const now = await context.head.refresh()
  // A run that has ended need not be readable any more: its parent has what it adopted.
  if (hasEnded(now.value.state)) throw new RunNotFoundError(context.name)
  if (now.etag === seen.etag) throw error
  return now
}
