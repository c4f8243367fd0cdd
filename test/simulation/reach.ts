// What is reachable, found by brute force from every head and pin: deletes may only take what nothing has reached for a grace period
// (G9), what a head names must be there, and in the end nothing may be left that nothing reaches.
import { Dangling, type Decoder, type ForkPin, type Head } from './decode.ts'
import { hasEnded } from './space.ts'
import { Violation } from './violation.ts'

type Root = Head | ForkPin

/** Kinds of objects that heads and pins refer to. */
const REFERRED = ['index', 'values', 'packs', 'history', 'forks']
/** The store's clock may be cut to whole seconds, and so may what a sweep reckons with. */
const GRAIN_MS = 2_000

export class Reach {
  private readonly decoder: Decoder
  private readonly now: () => number
  private readonly graceMs: number
  /** What each head and pin reaches by itself. */
  private readonly roots = new Map<string, ReadonlySet<string>>()
  /** When something was reached last, or put. */
  private readonly since = new Map<string, number>()

  constructor(decoder: Decoder, { now, graceMs }: { now: () => number; graceMs: number }) {
    this.decoder = decoder
    this.now = now
    this.graceMs = graceMs
  }

  onPut(key: string): void {
    this.since.set(key, this.now())
  }

  /** A head or a pin is there. What a head names must be; a pin may have come too late, and then holds nothing. */
  onRoot(key: string, root: Root): void {
    const reached = this.from(key, root)
    for (const before of this.roots.get(key) ?? []) if (!reached.has(before)) this.since.set(before, this.now())
    this.roots.set(key, reached)
    if (!isHead(root) || hasEnded(root)) return
    for (const object of reached)
      if (!object.includes('/forks/') && !this.decoder.exists(object)) throw new Dangling(object)
  }

  onDelete(key: string, kind: string): void {
    if (!REFERRED.includes(kind) && kind !== 'head') return
    for (const [root, reached] of this.roots) {
      // The fork of a pin that no head stands on may be under way: it looks again whether the run that it stands on has ended, but
      // not for what that run holds.
      const counts = kind !== 'forks' || this.live().has(root)
      if (root !== key && counts && reached.has(key))
        throw new Violation('G9', `${key} was deleted, and ${root} reaches it`)
    }
    // With its pin a run's readers lose all at once: for what only that pin held there is no grace period.
    this.roots.delete(key)
    if (kind === 'head' || kind === 'forks') return
    const unreachedMs = this.now() - (this.since.get(key) ?? 0)
    if (unreachedMs < this.graceMs - GRAIN_MS)
      throw new Violation('G9', `${key} was deleted ${unreachedMs} ms after a reader could begin to need it`)
  }

  /** Whether everything below an open namespace is there; the key that is not, if not. */
  missing(key: string): string | undefined {
    for (const object of this.roots.get(key) ?? []) {
      if (!this.decoder.exists(object)) return object
      const below = this.roots.has(object) ? this.missing(object) : undefined
      if (below) return below
    }
    return undefined
  }

  /** Everything that namespaces which have not ended reach, through all pins that they stand on. */
  live(): Set<string> {
    const live = new Set<string>()
    const add = (key: string) => {
      if (live.has(key)) return
      live.add(key)
      for (const object of this.roots.get(key) ?? []) add(object)
    }
    for (const [key, reached] of this.roots) if (key.endsWith('/head') && reached.size > 0) add(key)
    return live
  }

  private from(key: string, root: Root): Set<string> {
    if (isHead(root) && hasEnded(root)) return new Set()
    try {
      const keys = this.decoder.reached(root)
      for (const pin of pinsOf(root)) keys.add(pin)
      if (isHead(root)) this.addHistory(keys, root)
      return keys
    } catch (error) {
      if (error instanceof Dangling && !isHead(root)) return new Set([error.key, key])
      throw error
    }
  }

  private addHistory(keys: Set<string>, head: Head): void {
    for (let { history } = head; history; ) {
      const key = `ns/${head.namespace}/_/history/${history.id}`
      keys.add(key)
      history = this.decoder.document(key).before
    }
  }
}

const isHead = (root: Root): root is Head => 'state' in root

/** The pins that a head, or another pin, stands on. */
function pinsOf(root: Root): string[] {
  const bases = [root.base, ...(isHead(root) ? (root.oldBases ?? []) : [])].filter(base => base !== undefined)
  const segment = root.namespace.slice(root.namespace.lastIndexOf('/') + 1)
  return bases.map(({ namespace, seq, fork }) => {
    return `ns/${namespace}/_/forks/${String(seq).padStart(12, '0')}~${segment}~${fork}`
  })
}
