// Where a call that names no store finds one: RUNLET_STORE and RUNLET_NAMESPACE, else runlet.config.json in this folder or one
// above it. Parsed and refused here (G10); nothing below reads the environment.
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { ConfigError } from './errors.ts'
import { parseNamespaceName } from './names.ts'
import { type NamedPolicy, namedPolicySchema } from './namespace/policy.ts'
import { parseRetention, type RetentionRule } from './run/retention/rules.ts'

export const CONFIG_FILE = 'runlet.config.json'

const configSchema = z.strictObject({
  $schema: z.string().optional(),
  /** A store URL; a relative `file:` path is relative to the configuration file. */
  store: z.string().min(1),
  /** The namespace that commands work on, and the parent of runs. */
  namespace: z.string().min(1),
  /** Signs commits in place of user@host. */
  author: z.string().min(1).max(128).optional(),
  /** Conflict policies by path glob, for runs that name none. */
  onConflict: z.union([namedPolicySchema, z.record(z.string().min(1), namedPolicySchema)]).optional(),
  /** What the sweep deletes in time: parsed by its own rules below. */
  retention: z.custom<readonly RetentionRule[]>(Array.isArray, 'is no list of rules').optional(),
})

export interface Config {
  readonly store: string
  readonly namespace: string
  readonly author?: string | undefined
  readonly onConflict?: NamedPolicy | Record<string, NamedPolicy> | undefined
  readonly retention?: readonly RetentionRule[] | undefined
  /** The folder that relative paths in `store` start from. */
  readonly folder: string
  /** What says so, for messages: a file's path, or the names of variables. */
  readonly source: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** What the environment and the nearest configuration file say; `given` wins over both. */
export async function findConfig(
  given: { store?: string | undefined; namespace?: string | undefined; folder?: string | undefined } = {},
  environment: Environment = process.env,
): Promise<Config> {
  const cwd = given.folder ?? process.cwd()
  const store = given.store ?? environment.RUNLET_STORE
  const namespace = given.namespace ?? environment.RUNLET_NAMESPACE
  const file = await findFile(cwd)
  const merged = {
    ...(file?.config ?? {}),
    ...(store && { store }),
    ...(namespace && { namespace }),
  }
  const source = (!(store && namespace) && file?.path) || 'RUNLET_STORE and RUNLET_NAMESPACE'
  if (!merged.store)
    throw new ConfigError(
      'store',
      'nothing says which store to use',
      `Run \`runlet init\`, or set RUNLET_STORE, or pass a store.`,
    )
  if (!merged.namespace)
    throw new ConfigError(
      'namespace',
      'nothing says which namespace to use',
      'Run `runlet init`, or set RUNLET_NAMESPACE, or pass one.',
    )
  assertNamespace(merged.namespace, namespace ? (given.namespace ? 'namespace' : 'RUNLET_NAMESPACE') : source)
  const folder = store || !file ? cwd : dirname(file.path)
  return {
    store: merged.store,
    namespace: merged.namespace,
    author: merged.author,
    onConflict: merged.onConflict,
    retention: merged.retention,
    folder,
    source,
  }
}

function assertNamespace(name: string, source: string): void {
  try {
    parseNamespaceName(name)
  } catch (cause) {
    throw new ConfigError(source, (cause as Error).message, 'Correct the namespace there.', { cause })
  }
}

/**
 * The fencing token of the run that this process is a part of, when it was started by `runlet run` and `namespace` of `store` is
 * that run.
 * With it, what the process writes is refused once somebody else has taken the run over (G7).
 */
export function ownerToken(
  store: string,
  namespace: string,
  environment: Environment = process.env,
): number | undefined {
  const { RUNLET_STORE, RUNLET_NAMESPACE, RUNLET_OWNER_TOKEN } = environment
  // The same name in another store is another run: its owner's tokens are none of ours.
  if (RUNLET_STORE !== store || RUNLET_NAMESPACE !== namespace || !RUNLET_OWNER_TOKEN) return undefined
  const token = Number(RUNLET_OWNER_TOKEN)
  if (Number.isSafeInteger(token) && token > 0) return token
  throw new ConfigError(
    'RUNLET_OWNER_TOKEN',
    `is ${JSON.stringify(RUNLET_OWNER_TOKEN)}`,
    'Leave it as `runlet run` sets it.',
  )
}

async function findFile(start: string): Promise<{ path: string; config: z.infer<typeof configSchema> } | undefined> {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    const path = join(folder, CONFIG_FILE)
    const text = await readIfThere(path)
    if (text !== undefined) return { path, config: parseConfig(path, text) }
    if (folder === dirname(folder)) return undefined
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new ConfigError(path, `cannot be read (${code})`, 'Check its permissions.', { cause })
  }
}

/** Parses the text of a configuration file. */
export function parseConfig(path: string, text: string): z.infer<typeof configSchema> {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (cause) {
    throw new ConfigError(
      path,
      `is not JSON (${(cause as Error).message})`,
      'Correct it, or write it anew with `runlet init`.',
      { cause },
    )
  }
  const parsed = configSchema.safeParse(document)
  if (parsed.success) {
    parseRetention(
      parsed.data.retention,
      (where, problem, remedy) => new ConfigError(path, `${where}: ${problem}`, remedy),
    )
    return parsed.data
  }
  const issue = parsed.error.issues[0]
  const where = issue?.path.join('.') || 'the document'
  throw new ConfigError(
    path,
    `${where}: ${issue?.message}`,
    'It holds `store`, `namespace` and optionally `author`, `onConflict` and `retention`.',
  )
}
