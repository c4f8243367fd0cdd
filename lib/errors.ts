// Every error that runlet throws on purpose. One class for each thing that a caller would handle differently, each with a
// stable `code`, the thing that is wrong as a field, and the remedy in its message (guarantee G10).
// A message is one line: `<what is wrong>. <what to do>`.
// In this order: what the caller gave; what stored documents are; what the store answers; namespaces and writes; runs; leases and waiting;
// working copies. What only one integration throws is in its own folder.

/** Base of every error that runlet throws. `code` is stable across versions; the message is not. */
export class RunletError extends Error {
  /** What a program tells errors apart by: `ERR_RUNLET_…`. */
  readonly code: string
  /** @internal */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(shown(message), options)
    this.code = code
    this.name = new.target.name
  }
}

/** Much of a message was written by others: it is not to begin a new line, or speak to a terminal, or turn the rest around. */
const shown = (message: string): string =>
  message.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, unit => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })

/** An argument or option of a call is malformed. Nothing was written. */
export class InvalidArgumentError extends RunletError {
  /** Its name. */
  readonly argument: string
  /** @internal */
  constructor(argument: string, problem: string, remedy: string) {
    super('ERR_RUNLET_INVALID_ARGUMENT', `${argument}: ${problem}. ${remedy}`)
    this.argument = argument
  }
}

/** A path inside a namespace is malformed. Nothing was written. */
export class InvalidPathError extends RunletError {
  /** The path. */
  readonly path: string
  /** @internal */
  constructor(path: string, problem: string, remedy: string) {
    super('ERR_RUNLET_INVALID_PATH', `path ${JSON.stringify(path.slice(0, 200))} ${problem}. ${remedy}`)
    this.path = path
  }
}

/** A namespace name, run id or lock name is malformed. Nothing was written. */
export class InvalidNameError extends RunletError {
  /** The name as it was given. */
  readonly subject: string
  /** @internal */
  constructor(kind: string, name: string, problem: string) {
    super(
      'ERR_RUNLET_INVALID_NAME',
      `${kind} ${JSON.stringify(name.slice(0, 200))} ${problem}. Use a-z, 0-9, '.', '_' and '-', starting with a letter or digit, at most 64 characters.`,
    )
    this.subject = name
  }
}

/** A store URL is malformed or of an unknown kind. */
export class InvalidStoreUrlError extends RunletError {
  /** The URL, without what may be a secret in it. */
  readonly url: string
  /** @internal */
  constructor(url: string, problem: string) {
    super(
      'ERR_RUNLET_INVALID_STORE_URL',
      `store URL ${JSON.stringify(withoutSecrets(url))} ${problem}. Use s3://bucket/prefix?endpoint=…&region=…&pathStyle=true, file:./folder or memory:.`,
    )
    this.url = withoutSecrets(url)
  }
}

/** Keys before an `@` do not belong into a URL, and even less into a log. */
const withoutSecrets = (url: string): string => url.replace(/\/\/[^/@]*@/, '//…@')

/** A configuration file or environment variable is malformed, or nothing says which store to use. */
export class ConfigError extends RunletError {
  /** The file's path, or the variable's name. */
  readonly source: string
  /** @internal */
  constructor(source: string, problem: string, remedy: string, options?: ErrorOptions) {
    super('ERR_RUNLET_CONFIG', `${source}: ${problem}. ${remedy}`, options)
    this.source = source
  }
}

/** A stored object cannot be what it should be: truncated, not JSON, or contradicting the object that refers to it. */
export class CorruptObjectError extends RunletError {
  /** The object's key, below the store's prefix. */
  readonly key: string
  /** @internal */
  constructor(key: string, problem: string, options?: ErrorOptions) {
    super(
      'ERR_RUNLET_CORRUPT_OBJECT',
      `stored object "${key}" ${problem}. Something other than runlet changed it, or an upload was cut short: restore it from a backup or an older version of the object.`,
      options,
    )
    this.key = key
  }
}

/** An object that a head refers to is not in the store. */
export class MissingObjectError extends RunletError {
  /** The object's key, below the store's prefix. */
  readonly key: string
  /** What refers to it. */
  readonly referrer: string
  /** @internal */
  constructor(key: string, referrer: string) {
    super(
      'ERR_RUNLET_MISSING_OBJECT',
      `stored object "${key}" is gone, though ${referrer} refers to it, and no newer state of the namespace goes on without it. Only something other than runlet can have deleted it (a lifecycle rule?): restore it, and exempt this prefix from such rules.`,
    )
    this.key = key
    this.referrer = referrer
  }
}

/** A row refers to an object that is not runlet's, and that was changed or deleted since. */
export class ExternalObjectError extends RunletError {
  /** The path. */
  readonly path: string
  /** The object's key, below the store's prefix. */
  readonly key: string
  /** What became of the object. */
  readonly state: 'changed' | 'missing'
  /** @internal */
  constructor(path: string, key: string, state: 'changed' | 'missing') {
    super(
      'ERR_RUNLET_EXTERNAL_CHANGED',
      `path "${path}" refers to the object "${key}" of another program, which was ${state === 'changed' ? 'changed' : 'deleted'} since it was imported. Run the import again (\`runlet import swamp\`); with --copy, values are runlet's own from then on.`,
    )
    this.path = path
    this.key = key
    this.state = state
  }
}

/** A stored object was written by a version of runlet that this one does not know. */
export class FormatVersionError extends RunletError {
  /** The object's key, below the store's prefix. */
  readonly key: string
  /** The format that it has. */
  readonly found: unknown
  /** @internal */
  constructor(key: string, found: unknown, known: number) {
    super(
      'ERR_RUNLET_FORMAT_VERSION',
      `stored object "${key}" has format ${JSON.stringify(found)}, and this runlet knows ${known === 1 ? 'format 1' : `formats 1 to ${known}`}. Upgrade runlet on this machine.`,
    )
    this.key = key
    this.found = found
  }
}

/** The store was closed, by `store.close()`, before this was asked of it. Nothing was written. */
export class StoreClosedError extends RunletError {
  /** The store, without secrets. */
  readonly url: string
  /** @internal */
  constructor(url: string) {
    super(
      'ERR_RUNLET_STORE_CLOSED',
      `the store ${url} was closed: await what uses it before closing it, or open it again.`,
    )
    this.url = url
  }
}

/** The store answered with an error that is no part of the protocol (network, server, disk). The cause is attached. */
export class StoreError extends RunletError {
  /** What was asked of the store. */
  readonly operation: string
  /** The object's key, below the store's prefix. */
  readonly key: string
  /** @internal */
  constructor(operation: string, key: string, problem: string, options?: ErrorOptions) {
    super(
      'ERR_RUNLET_STORE',
      `store: ${operation} "${key}" failed: ${problem}. Check the network and the store; \`runlet doctor\` tries every property it must have.`,
      options,
    )
    this.operation = operation
    this.key = key
  }
}

/** The credentials in use may not do this. */
export class AccessDeniedError extends RunletError {
  /** What was asked of the store. */
  readonly operation: string
  /** The object's key, below the store's prefix. */
  readonly key: string
  /** @internal */
  constructor(operation: string, key: string, problem: string, options?: ErrorOptions) {
    super(
      'ERR_RUNLET_ACCESS_DENIED',
      `store: ${operation} "${key}" was refused: ${problem}. Check the credentials (the standard AWS chain) and the bucket policy for this prefix.`,
      options,
    )
    this.operation = operation
    this.key = key
  }
}

/** A conditional put lost: the object exists already, or is no longer the version that was named. Nothing was written. */
export class PreconditionFailed extends RunletError {
  /** The object's key, below the store's prefix. */
  readonly key: string
  /** @internal */
  constructor(key: string, options?: ErrorOptions) {
    super('ERR_RUNLET_PRECONDITION_FAILED', `"${key}" was changed by another writer. Read it again and retry.`, options)
    this.key = key
  }
}

/** Nobody can say whether this put happened: the answer was lost. Reading the object back tells. */
export class AmbiguousWrite extends RunletError {
  /** The object's key, below the store's prefix. */
  readonly key: string
  /** @internal */
  constructor(key: string, options?: ErrorOptions) {
    super(
      'ERR_RUNLET_AMBIGUOUS_WRITE',
      `the outcome of writing "${key}" is unknown. Read it back to find out.`,
      options,
    )
    this.key = key
  }
}

/** The store asked for patience (429, 503 SlowDown) for longer than this call was willing to wait. Nothing was written. */
export class ThrottledError extends RunletError {
  /** The object's key, below the store's prefix. */
  readonly key: string
  /** @internal */
  constructor(key: string, options?: ErrorOptions) {
    super(
      'ERR_RUNLET_THROTTLED',
      `the store throttles requests to "${key}". Try again later, or write less often.`,
      options,
    )
    this.key = key
  }
}

/** The namespace does not exist. */
export class NamespaceNotFoundError extends RunletError {
  /** Its full name. */
  readonly namespace: string
  /** @internal */
  constructor(namespace: string) {
    super(
      'ERR_RUNLET_NAMESPACE_NOT_FOUND',
      `namespace "${namespace}" does not exist. Make it with \`runlet init\` or store.namespace(name, { create: true }), or fork it from its parent.`,
    )
    this.namespace = namespace
  }
}

/** The namespace takes no more writes: the run was sealed, folded or discarded. */
export class NamespaceSealedError extends RunletError {
  /** Its full name. */
  readonly namespace: string
  /** `sealed`, `folded` or `discarded`. */
  readonly state: string
  /** @internal */
  constructor(namespace: string, state: string) {
    super(
      'ERR_RUNLET_NAMESPACE_SEALED',
      `namespace "${namespace}" is ${state} and takes no more writes. Write to its parent, or fork a new run.`,
    )
    this.namespace = namespace
    this.state = state
  }
}

/** So much time passed between storing the values and the commit that a sweep may have taken them for orphans. Nothing was written. */
export class StaleWriteError extends RunletError {
  /** Its full name. */
  readonly namespace: string
  /** @internal */
  constructor(namespace: string) {
    super(
      'ERR_RUNLET_WRITE_STALE',
      `a write to "${namespace}" took so long (was the machine asleep?) that its values may have been swept. Nothing was written: write it again.`,
    )
    this.namespace = namespace
  }
}

/** A change that another process was to commit refers to what it could not read or must not take. Nothing was written of it. */
export class ChangeRefusedError extends RunletError {
  /** The full name of the namespace. */
  readonly namespace: string
  /** @internal */
  constructor(namespace: string, problem: string) {
    super('ERR_RUNLET_CHANGE_REFUSED', `a change to "${namespace}" was refused: ${problem}`)
    this.namespace = namespace
  }
}

/** No process that led could decide a change; only the one whose policy function it needs can. Nothing was written; trying again may help. */
export class UndecidedError extends RunletError {
  /** The full name of the namespace. */
  readonly namespace: string
  /** @internal */
  constructor(namespace: string) {
    super('ERR_RUNLET_UNDECIDED', `nobody could decide a change to "${namespace}". Try again.`)
    this.namespace = namespace
  }
}

/** Both sides changed the same paths since their common base, and the policy for these paths is `error`. Nothing was written. */
export class ConflictError extends RunletError {
  /** Its full name. */
  readonly namespace: string
  /** The paths in conflict, in path order; none where others only came between too often. */
  readonly paths: readonly string[]
  /** @internal */
  constructor(namespace: string, paths: readonly string[]) {
    const shown = paths.slice(0, 5).join(', ') + (paths.length > 5 ? ` and ${paths.length - 5} more` : '')
    const what = `${paths.length === 1 ? 'a path was' : `${paths.length} paths were`} changed by somebody else in "${namespace}" since this change began`
    super(
      'ERR_RUNLET_CONFLICT',
      paths.length === 0
        ? `others changed "${namespace}" each time that this change was tried. Try again when fewer write.`
        : `${what}: ${shown}. Read again and retry, or choose an onConflict policy for these paths.`,
    )
    this.namespace = namespace
    this.paths = paths
  }
}

/** A run of this id is in use by a live owner, or was kept by a dead one. */
export class RunInUseError extends RunletError {
  /** The run's full name. */
  readonly run: string
  /** Who has it. */
  readonly holder: string
  /** Whether its owner is alive, so that trying again later may help. */
  readonly owned: boolean
  /** @internal */
  constructor(run: string, holder: string, owned: boolean) {
    const remedy = owned
      ? 'Choose another id, or wait until it has ended.'
      : 'Choose another id, go on with it (`resume: true`), or end it with `runlet fold` or `runlet discard`.'
    super(
      'ERR_RUNLET_RUN_IN_USE',
      `run "${run}" is in use (${owned ? 'owned by' : 'kept, last owned by'} ${holder}). ${remedy}`,
    )
    this.run = run
    this.holder = holder
    this.owned = owned
  }
}

/** The run does not exist. */
export class RunNotFoundError extends RunletError {
  /** The run's full name. */
  readonly run: string
  /** @internal */
  constructor(run: string) {
    super('ERR_RUNLET_RUN_NOT_FOUND', `run "${run}" does not exist (any more). \`runlet runs\` lists the runs that do.`)
    this.run = run
  }
}

/** The run has open runs of its own, which reach its data. Nothing was changed. */
export class OpenChildrenError extends RunletError {
  /** The run's full name. */
  readonly run: string
  /** Their full names. */
  readonly children: readonly string[]
  /** @internal */
  constructor(run: string, children: readonly string[]) {
    super(
      'ERR_RUNLET_OPEN_CHILDREN',
      `run "${run}" still has open runs of its own: ${children.slice(0, 5).join(', ')}. Fold or discard them first.`,
    )
    this.run = run
    this.children = children
  }
}

/** This process lost its lease (a long pause?) and somebody else may hold it. Its later writes are refused; nothing was lost. */
export class LeaseLostError extends RunletError {
  /** Its name. */
  readonly lease: string
  /** @internal */
  constructor(lease: string) {
    super(
      'ERR_RUNLET_LEASE_LOST',
      `the lease "${lease}" was lost: this process was paused or cut off for longer than its time to live. Start again, or resume the run.`,
    )
    this.lease = lease
  }
}

/** A lock stayed taken for as long as this call was willing to wait. */
export class LockTimeoutError extends RunletError {
  /** Its name. */
  readonly lock: string
  /** Who has it. */
  readonly holder: string
  /** In milliseconds. */
  readonly waitedMs: number
  /** @internal */
  constructor(lock: string, holder: string, waitedMs: number) {
    super(
      'ERR_RUNLET_LOCK_TIMEOUT',
      `lock "${lock}" is held by ${holder}; gave up after ${Math.round(waitedMs)} ms. Wait longer (waitMs), or try again later.`,
    )
    this.lock = lock
    this.holder = holder
    this.waitedMs = waitedMs
  }
}

/** The caller's signal ended the operation. `cause` is the signal's reason. */
export class AbortedError extends RunletError {
  /** @internal */
  constructor(operation: string, reason: unknown) {
    super('ERR_RUNLET_ABORTED', `${operation} was aborted by its signal. What was acknowledged before stays.`, {
      cause: reason,
    })
  }
}

/** Something in a working copy's directory is a link or no regular file. It was not followed, and nothing was written. */
export class LinkInCopyError extends RunletError {
  /** The path. */
  readonly path: string
  /** @internal */
  constructor(path: string, what: string) {
    super(
      'ERR_RUNLET_LINK_IN_COPY',
      `"${path}" is ${what}, which a working copy does not follow. Replace it by a file or folder, or remove it.`,
    )
    this.path = path
  }
}

/** A file of a working copy could not be read, written or removed. */
export class LocalFileError extends RunletError {
  /** The path. */
  readonly path: string
  /** @internal */
  constructor(operation: string, path: string, problem: string, options?: ErrorOptions) {
    super(
      'ERR_RUNLET_LOCAL_FILE',
      `cannot ${operation} "${path}" in the working copy: ${problem}. Put that right and pull or push again.`,
      options,
    )
    this.path = path
  }
}

/** The namespace has paths that cannot stand beside one another on this file system. Nothing was written. */
export class PathCollisionError extends RunletError {
  /** The pairs. */
  readonly collisions: readonly (readonly [string, string])[]
  /** @internal */
  constructor(collisions: readonly (readonly [string, string])[]) {
    const shown = collisions
      .slice(0, 3)
      .map(([a, b]) => `"${a}" and "${b}"`)
      .join(', ')
    super(
      'ERR_RUNLET_PATH_COLLISION',
      `${collisions.length} pairs of paths cannot stand beside one another here: ${shown}. Rename one of each (or move it away, if it is only here), or pull a prefix without them.`,
    )
    this.collisions = collisions
  }
}

/** The directory is a working copy of something else. */
export class CopyMismatchError extends RunletError {
  /** Its path. */
  readonly directory: string
  /** @internal */
  constructor(directory: string, of: string, asked: string) {
    super(
      'ERR_RUNLET_COPY_MISMATCH',
      `"${directory}" is a working copy of ${of}, not of ${asked}. Use another directory, or remove its .runlet/copy to begin anew.`,
    )
    this.directory = directory
  }
}
