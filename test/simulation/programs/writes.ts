// Steps that write to a namespace, a run or its parent: puts, sets of paths that must be seen together, counts, deletions.
import { ConflictError } from '../../../lib/errors.ts'
import { type HeldLock, type Namespace, Run } from '../../../lib/runlet.ts'
import type { Actor } from '../actor.ts'
import { sha256 } from '../decode.ts'
import type { Invocation } from '../history.ts'
import { inPieces, text, valueFor } from './values.ts'

/** Puts of paths of their own; those of the same moment may share a commit. */
export async function puts(actor: Actor, namespace: Namespace, count = 1 + actor.random.below(4)): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => put(actor, namespace)))
}

async function put(actor: Actor, namespace: Namespace): Promise<void> {
  const { random } = actor
  const { history } = actor.scene
  const invocation = history.begin({
    process: actor.name,
    namespace: namespace.name,
    kind: 'put',
    lock: owner(namespace),
  })
  const path = `own/${random.below(10)}/${invocation.id}`
  const value = valueFor(random, invocation.id)
  history.writes(invocation, path, value)
  await history.of(invocation, () => namespace.put(path, random.chance(0.3) ? inPieces(value) : value))
}

/** Many puts one after the other: the head fills up, history moves out, layers are merged. */
export async function burst(actor: Actor, namespace: Namespace): Promise<void> {
  for (let i = 0; i < 12; i++) await puts(actor, namespace, 1 + actor.random.below(2))
}

/** What whoever writes to a run must still hold. */
const owner = (namespace: Namespace): Invocation['lock'] =>
  namespace instanceof Run ? { name: 'owner', token: namespace.token } : undefined

/** What a commit is made of, and how it is asked for. */
interface Asked {
  readonly lock?: HeldLock | undefined
  /** Gives the new values by path, from the old ones; undefined deletes. */
  readonly paths: readonly string[]
  readonly change: (invocation: Invocation, old: readonly (string | undefined)[]) => readonly (string | undefined)[]
}

/** Reads paths and writes all of them, in one commit. */
export async function commit(actor: Actor, namespace: Namespace, { lock, paths, change }: Asked): Promise<void> {
  const { history } = actor.scene
  const about = { process: actor.name, namespace: namespace.name, kind: 'commit' } as const
  const invocation = history.begin({ ...about, lock: lock ?? owner(namespace) })
  const fill: Parameters<Namespace['commit']>[0] = async tx => {
    const old = await Promise.all(paths.map(async path => text(await tx.get(path))))
    if (actor.random.chance(0.2)) {
      await actor.think(actor.random.next() * 2_000)
      await namespace.stat(paths[0] as string) // the process comes to know a newer head than the one that it has read
    }
    for (const [i, value] of change(invocation, old).entries()) {
      const path = paths[i] as string
      invocation.reads.set(path, old[i] === undefined ? undefined : sha256(old[i]))
      history.writes(invocation, path, value)
      if (value === undefined) tx.delete(path)
      else void tx.put(path, value)
    }
  }
  await history.of(invocation, () => namespace.commit(fill, { message: `#${invocation.id}`, ...(lock && { lock }) }))
}

/** Paths that are only ever written together; see readers.ts. */
export async function group(actor: Actor, namespace: Namespace): Promise<void> {
  const name = actor.random.below(3)
  const paths = ['a', 'm', 'z'].map(first => `${first}/group-${name}`)
  await commit(actor, namespace, {
    paths,
    change: invocation => {
      const value = valueFor(actor.random, invocation.id, 'of a group')
      return paths.map((_, i) => `${value}${i}`)
    },
  })
}

/** Counts up, again and again until nobody came between. */
export async function count(actor: Actor, namespace: Namespace): Promise<void> {
  const paths = [`count/${actor.random.below(2)}`]
  for (let tries = 0; tries < 6; tries++) {
    try {
      return await commit(actor, namespace, { paths, change: (invocation, [old]) => [counted(invocation, old)] })
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error
    }
  }
}

/** A value that tells how many there were before it. */
export const counted = (invocation: Invocation, old: string | undefined): string =>
  `${Number(old?.split(' ')[0] ?? 0) + 1} #${invocation.id}`

/** Several writes of one process at the same time. */
export async function several(actor: Actor, namespace: Namespace): Promise<void> {
  const writes = [puts, group, count, toggle, edit].filter(() => actor.random.chance(0.6))
  await Promise.all(writes.map(write => actor.attempt(() => write(actor, namespace))))
}

/** What the root holds to begin with. */
export async function populate(actor: Actor): Promise<void> {
  const paths = Array.from({ length: actor.scene.plan.rows }, (_, i) => basePath(i))
  if (paths.length === 0) return
  const change = (invocation: Invocation) => paths.map(path => `#${invocation.id} ${path}`)
  await commit(actor, actor.root, { paths, change })
}

const basePath = (i: number): string => `base/${String(i).padStart(3, '0')}`

/** Changes a few paths, here and there in the index. */
export async function edit(actor: Actor, namespace: Namespace): Promise<void> {
  const { random, scene } = actor
  const some = Array.from({ length: 1 + random.below(3) }, () => basePath(random.below(scene.plan.rows + 1)))
  const paths = [...new Set(some)]
  const change = (invocation: Invocation) =>
    paths.map(path => (random.chance(0.25) ? undefined : `${valueFor(random, invocation.id)} ${path}`))
  await commit(actor, namespace, { paths, change })
}

/** A path that comes and goes. */
export async function toggle(actor: Actor, namespace: Namespace): Promise<void> {
  const paths = [`toggle/${actor.random.below(3)}`]
  await commit(actor, namespace, {
    paths,
    change: (invocation, [old]) => [old === undefined ? valueFor(actor.random, invocation.id) : undefined],
  })
}

/** A line in a log that many runs write to, and a path of which the run's value wins. */
export async function shared(actor: Actor, namespace: Namespace): Promise<void> {
  const name = actor.random.below(2)
  await commit(actor, namespace, {
    paths: [`log/${name}`, `theirs/${name}`],
    change: (invocation, [log = '']) => [`${log}#${invocation.id}\n`, `#${invocation.id} wins`],
  })
}
