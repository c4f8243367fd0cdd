// The datastore's configuration as it stands in `.swamp.yaml`, and what of runlet's environment concerns it. Both are refused here,
// before a request is made. No message repeats a value that was given, for somebody will have put a secret there.
import { isAbsolute } from 'node:path'
import { ConfigError, InvalidStoreUrlError } from '../../errors.ts'
import { isNamespaceName, type NamespaceName, parseNamespaceName } from '../../names.ts'
import { parseS3Url } from '../../store/s3/s3-url.ts'
import * as z from '../../vendor/zod.ts'

/** What `.swamp.yaml` calls this datastore. */
export const DATASTORE_TYPE = '@runlet/runlet'

const NAME = 'is no namespace: segments of a-z, 0-9, ".", "_" and "-", joined by "/"'
const KEYS = 'It knows store, parent and run; credentials come from the standard AWS chain only.'

const keysSchema = z.strictObject(
  {
    store: z
      .string('is missing: the URL of a runlet store, s3://bucket/prefix?endpoint=… or file:/an/absolute/folder')
      .superRefine(checkStore)
      .describe('The store: s3://bucket/prefix?endpoint=…&region=…, or file:/an/absolute/folder'),
    parent: z
      .string()
      .refine((name): boolean => isNamespaceName(name), NAME)
      .default('swamp')
      .describe('The runlet namespace that holds the data; swamp namespaces lie below it. Default: swamp'),
    run: z
      .string()
      .refine((name): boolean => isNamespaceName(name), NAME)
      .optional()
      .describe(
        'Work in this child of the parent, forked at its first use. `runlet run` sets RUNLET_NAMESPACE instead',
      ),
    hydrationStrategy: z
      .enum(['full', 'lazy'])
      .optional()
      .describe("Swamp's own: it reads it here when the datastore is configured by SWAMP_DATASTORE"),
  },
  {
    error: issue =>
      issue.code === 'unrecognized_keys' ? `has unknown keys: ${issue.keys.join(', ')}. ${KEYS}` : undefined,
  },
)

export const configSchema = keysSchema.refine(
  ({ parent, run }) => run === undefined || isNamespaceName(`${parent}/${run}`),
  { path: ['run'], error: 'lies too deep below the parent' },
)

/** What a provider works with. */
export interface Settings {
  readonly store: string
  /** Solo data lies here, that of swamp namespaces in its children. */
  readonly parent: NamespaceName
  /** The namespace in which all that this process does is to happen. */
  readonly run: RunPlace | undefined
  /** RUNLET_STORE, if it is set together with the run: it must be the same store. */
  readonly storeOfRun: string | undefined
}

interface RunPlace {
  readonly name: NamespaceName
  /** Whether the first use forks it; else somebody has. */
  readonly fork: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/** @throws ConfigError */
export function parseSettings(config: unknown, environment: Environment): Settings {
  const parsed = configSchema.safeParse(config ?? {})
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new ConfigError(where(issue?.path), `${issue?.message}`, 'Correct it in .swamp.yaml, or in SWAMP_DATASTORE.')
  }
  const { store, run } = parsed.data
  const parent = parseNamespaceName(parsed.data.parent)
  const { RUNLET_NAMESPACE, RUNLET_STORE } = environment
  if (RUNLET_NAMESPACE) {
    const name = runOfEnvironment(RUNLET_NAMESPACE, parent)
    if (name !== parent) return { store, parent, run: { name, fork: false }, storeOfRun: RUNLET_STORE || undefined }
  }
  const chosen = run === undefined ? undefined : { name: parseNamespaceName(`${parent}/${run}`), fork: true }
  return { store, parent, run: chosen, storeOfRun: undefined }
}

/** Whether `name` is `namespace` or below it. */
export const isWithin = (name: string, namespace: string): boolean =>
  name === namespace || name.startsWith(`${namespace}/`)

/** A run of something else would silently not be isolated. */
function runOfEnvironment(text: string, parent: NamespaceName): NamespaceName {
  if (isNamespaceName(text) && isWithin(text, parent)) return parseNamespaceName(text)
  throw new ConfigError(
    'RUNLET_NAMESPACE',
    `${JSON.stringify(text.slice(0, 200))} is not "${parent}", this datastore's parent, nor below it`,
    'Give `runlet run` the namespace that the datastore has (--namespace), set `parent` in .swamp.yaml, or start swamp without RUNLET_NAMESPACE.',
  )
}

const where = (path: readonly PropertyKey[] = []) =>
  `datastore ${DATASTORE_TYPE}${path.length > 0 ? ` ${path.join('.')}` : ''}`

function checkStore(url: string, context: z.RefinementCtx<string>): void {
  const problem = problemOfStore(url)
  if (problem) context.addIssue({ code: 'custom', message: problem })
}

function problemOfStore(url: string): string | undefined {
  if (url.startsWith('memory:')) return undefined
  if (url.startsWith('file:')) {
    const path = url.slice('file:'.length)
    // Each swamp command may start in another folder.
    return isAbsolute(path) || path.startsWith('//')
      ? undefined
      : 'must name an absolute folder, like file:/var/lib/runlet'
  }
  if (!url.startsWith('s3:'))
    return 'is of no known kind: use s3://bucket/prefix?endpoint=… or file:/an/absolute/folder'
  try {
    parseS3Url(url)
    return undefined
  } catch (error) {
    if (error instanceof InvalidStoreUrlError) return error.message
    throw error
  }
}
