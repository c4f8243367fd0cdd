// Where a call that names no store finds one: RUNLET_STORE and RUNLET_NAMESPACE, else runlet.config.json in this folder or one
// above it; in a git worktree that has a namespace of its own, that one in place of what the file says (integrations/worktree). Parsed and
// refused here (G10); nothing below reads the environment.
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ConfigError } from './errors.ts'
import { type Checkout, isInside } from './integrations/worktree/checkout.ts'
import { type ConfigPlace, configPlaces, findWorktree, type Worktree } from './integrations/worktree/place.ts'
import type { Attachment } from './integrations/worktree/records.ts'
import { parseNamespaceName } from './names.ts'
import { type NamedPolicy, namedPolicySchema } from './namespace/policy.ts'
import { parseRetention, type RetentionRule } from './run/retention/rules.ts'
import { fullStoreUrl, isSameStore } from './store/open.ts'
import * as z from './vendor/zod.ts'

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
  /** The git worktree that has this namespace; or is to get a child of it, when that worktree is not attached yet (see use.ts). */
  readonly worktree?: Worktree | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

interface Given {
  readonly store?: string | undefined
  readonly namespace?: string | undefined
  readonly folder?: string | undefined
  /** In place of the worktree that the folder is found to be in. */
  readonly worktree?: Worktree | undefined
}

/** What the environment, the worktree and the nearest configuration file say, in this order; `given` wins over all. */
export async function findConfig(given: Given = {}, environment: Environment = process.env): Promise<Config> {
  const cwd = given.folder ?? process.cwd()
  const worktree = given.worktree ?? (await findWorktree(cwd, hasFile))
  const file = await findFile(configPlaces(cwd, worktree))
  const named = {
    store: given.store ?? environment.RUNLET_STORE,
    namespace: given.namespace ?? environment.RUNLET_NAMESPACE,
  }
  const plain = () => resolved(given, named, file, cwd)
  if (!worktree || named.namespace) return plain()
  const { attached, checkout } = worktree
  if (attached) {
    if ((await isApart(file, checkout, attached)) || !(await isStore(named.store, cwd, attached.store))) return plain()
    const { store, namespace } = attached
    return { ...file?.config, store, namespace, folder: cwd, source: `the worktree ${checkout.root}`, worktree }
  }
  // A store that is named for one call only is not what the worktree's namespace is to be in.
  const { RUNLET_STORE } = environment
  const usual = RUNLET_STORE
    ? await fullStoreUrl(RUNLET_STORE, cwd)
    : file && (await fullStoreUrl(file.config.store, file.base))
  const isUsual = usual === undefined || (await isStore(given.store, cwd, usual))
  return isUsual ? { ...plain(), worktree } : plain()
}

interface FoundFile extends ConfigPlace {
  readonly path: string
  readonly config: z.infer<typeof configSchema>
}

/** A file in a folder of the worktree that names something else than what the worktree's namespace was forked from: nearer, so it wins. */
async function isApart(file: FoundFile | undefined, { root }: Checkout, attached: Attachment): Promise<boolean> {
  if (!file || file.folder === root || !isInside(file.folder, root)) return false
  const { store, namespace } = file.config
  return dirname(attached.namespace) !== namespace || !(await isStore(store, file.base, attached.store))
}

const isStore = async (url: string | undefined, folder: string, full: string): Promise<boolean> =>
  !url || isSameStore(await fullStoreUrl(url, folder), full)

/** What is named, else what the file says. */
function resolved(given: Given, named: Given, file: FoundFile | undefined, cwd: string): Config {
  const { store, namespace } = named
  const merged = { ...file?.config, ...(store && { store }), ...(namespace && { namespace }) }
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
  const folder = store || !file ? cwd : file.base
  const { author, onConflict, retention } = merged
  return { store: merged.store, namespace: merged.namespace, author, onConflict, retention, folder, source }
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

const hasFile = async (folder: string): Promise<boolean> => (await readIfThere(join(folder, CONFIG_FILE))) !== undefined

async function findFile(places: Iterable<ConfigPlace>): Promise<FoundFile | undefined> {
  for (const place of places) {
    const path = join(place.folder, CONFIG_FILE)
    const text = await readIfThere(path)
    if (text !== undefined) return { ...place, path, config: parseConfig(path, text) }
  }
  return undefined
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
