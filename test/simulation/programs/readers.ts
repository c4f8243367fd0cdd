// Steps that read, and compare what they saw with what was there.
import type { Namespace } from '../../../lib/runlet.ts'
import type { Actor } from '../actor.ts'
import { sha256 } from '../decode.ts'
import { Violation } from '../violation.ts'

/** Lists everything; all of it is as of one moment. */
export async function look(actor: Actor, namespace: Namespace): Promise<void> {
  const { witness, time, plan } = actor.scene
  const since = witness.mark(namespace.name)
  const began = time.elapsed
  const seen = new Map<string, { sha: string; seq: number }>()
  for await (const { path, sha256, seq } of namespace.list()) seen.set(path, { sha: sha256 ?? 'unknown', seq })
  // Of one that took so long that things were swept from under it, a part may be newer.
  if (time.elapsed - began < plan.graceMs) witness.observe(namespace.name, since, seen)
}

/** Reads paths that are only ever written together: in a transaction they are as of one moment. */
export async function lookAtGroup(actor: Actor, namespace: Namespace): Promise<void> {
  const name = actor.random.below(3)
  const values: (string | undefined)[] = []
  const done = new Error('it only wanted to look')
  try {
    await namespace.commit(async tx => {
      for (const first of ['a', 'm', 'z']) {
        const value = await tx.get(`${first}/group-${name}`)
        values.push(value && Buffer.from(value).toString().slice(0, -1))
      }
      throw done
    })
  } catch (error) {
    if (error !== done) throw error
  }
  if (new Set(values).size > 1) throw new Violation('G2', `a reader saw the half of a commit: ${values.map(shortened)}`)
}

/** Reads every value: all that an open namespace reaches is there. */
export async function readAll(actor: Actor, namespace: Namespace): Promise<void> {
  const { witness } = actor.scene
  for await (const { path } of namespace.list()) {
    const since = witness.mark(namespace.name)
    const value = await namespace.get(path)
    const sha = value && sha256(value)
    const versions = witness.space(namespace.name)?.versions.slice(since) ?? []
    if (!versions.some(({ sight }) => sight.get(path)?.sha === sha))
      throw new Violation('G2', `a reader saw a value of "${path}" in ${namespace.name} that it never had`)
  }
}

/** The history, newest first: one commit after the other, and the same for all. */
export async function readLog(actor: Actor, namespace: Namespace): Promise<void> {
  const ids = actor.scene.witness.space(namespace.name)?.commits ?? new Set()
  let expected: number | undefined
  for await (const { seq, id } of namespace.log()) {
    if (seq !== (expected ?? seq) || !ids.has(id)) throw new Violation('G5', `the history has ${id} as commit ${seq}`)
    expected = seq - 1
  }
  if ((expected ?? 0) !== 0) throw new Violation('G1', `the history ends at ${expected}`)
}

const shortened = (value: string | undefined) => value?.slice(0, 20)
