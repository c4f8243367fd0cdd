// Which repository has which swamp namespace: a document each, below the datastore's parent. Only a compare-and-swap writes one, so of
// two repositories that want a namespace at once one gets it.

import { ConfigError, InvalidArgumentError } from '../../errors.ts'
import { isSegment, parseSegment } from '../../names.ts'
import { kindPrefix } from '../../namespace/keys.ts'
import { FORMAT, timeSchema } from '../../store/json-object.ts'
import { Register } from '../../store/register.ts'
import * as z from '../../vendor/zod.ts'
import type { Places } from './places.ts'

const registrationSchema = z.object({
  format: z.literal(FORMAT),
  write: z.string(),
  namespace: z.string(),
  repoId: z.string(),
  /** By the clock of who registered it; for people. */
  registeredAt: timeSchema,
})

/** A swamp namespace belongs to another repository. Nothing was written. */
export class NamespaceTakenError extends ConfigError {
  /** The repository that has it. */
  readonly repoId: string
  /** @internal */
  constructor(namespace: string, repoId: string) {
    super(
      `namespace "${namespace}"`,
      `is registered by repository ${repoId}`,
      'Choose another with `swamp datastore namespace set`.',
    )
    this.repoId = repoId
  }
}

/** @throws NamespaceTakenError, NamespaceSealedError when the name is that of a run that has ended, ConfigError in a run of another one */
export async function registerNamespace(places: Places, namespace: string, repoId: string): Promise<void> {
  if (typeof repoId !== 'string' || repoId === '')
    throw new InvalidArgumentError('repoId', 'is empty', 'It is what `swamp repo init` wrote into .swamp.yaml.')
  const key = registrationsOf(places) + parseSegment(namespace, 'swamp namespace')
  places.assertIsolated(namespace)
  await places.make(namespace)
  const register = new Register(await places.objects(), key, registrationSchema, places.ambient)
  const registeredAt = places.ambient.now()
  const claimed = await register.swap(undefined, { format: FORMAT, namespace, repoId, registeredAt })
  const owner = claimed.won ? repoId : claimed.current?.value.repoId
  if (owner !== undefined && owner !== repoId) throw new NamespaceTakenError(namespace, owner)
}

/** The namespaces that are registered, in order. */
export async function listNamespaces(places: Places): Promise<string[]> {
  const prefix = registrationsOf(places)
  const names: string[] = []
  for await (const { kind, key } of (await places.objects()).list({ prefix })) {
    const name = key.slice(prefix.length)
    if (kind === 'object' && isSegment(name)) names.push(name)
  }
  return names
}

const registrationsOf = ({ settings }: Places) => kindPrefix(settings.parent, 'swamp')
