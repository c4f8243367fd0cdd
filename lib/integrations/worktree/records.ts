// What is remembered of worktrees, in folders of git's own, so that nothing of it shows in a working tree:
//
//   <common git dir>/runlet/install.json           that the hook is installed; worktrees younger than this file get a namespace
//   <common git dir>/runlet/post-checkout          what the hook calls (hook.ts)
//   <common git dir>/runlet/worktrees/<key>.json   one attachment each; it outlives its worktree, for the sweep
//   <git dir of a worktree>/runlet/attached        the key of this worktree's attachment
//   <git dir of a worktree>/runlet/new             it is to get a namespace; the branch that it was made for
//   <git dir of a worktree>/runlet/earlier         the namespaces that it had before, one a line
//
// Invariant: `attached` is made with a link, so of commands that come first at the same time one decides, and all use what it decided.
import { link, mkdir, readdir, readFile, rename, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { systemAmbient } from '../../ambient.ts'
import { ConfigError } from '../../errors.ts'
import { isNamespaceName } from '../../names.ts'
import * as z from '../../vendor/zod.ts'
import { type Checkout, isLinked } from './checkout.ts'
import { RepositoryError } from './errors.ts'

const namespaceSchema = z.string().refine(isNamespaceName, 'is no namespace name')

const onRemovedSchema = z.enum(['keep', 'fold', 'discard'])
/** What becomes of the namespace of a worktree that was removed. */
export type OnRemoved = z.infer<typeof onRemovedSchema>

const attachmentSchema = z.object({
  format: z.literal(1),
  key: z.string().regex(/^[a-z0-9]+$/),
  /** The run's full name; its parent is all but the last segment. */
  namespace: namespaceSchema,
  /** The URL that opens the store from everywhere. */
  store: z.string().min(1),
  branch: z.string(),
  /** The worktree's git directory, from that which all share; empty for the main worktree. */
  name: z.string(),
  /** Where the working tree was, for people. */
  root: z.string(),
  /** The main worktree's folder. */
  main: z.string(),
  /** The machine whose worktree it is: the others that see this file cannot tell whether it is still there. */
  host: z.string(),
  onRemoved: onRemovedSchema,
  /** Whether the run was forked: before that this is no more than a name that was chosen. */
  forked: z.boolean(),
  at: z.number(),
  /** When a sweep last gave a sign of life for it, and when one first found that the worktree is gone. */
  seenAt: z.number().optional(),
  goneAt: z.number().optional(),
})
export type Attachment = z.infer<typeof attachmentSchema>

const installSchema = z.object({
  format: z.literal(1),
  onRemoved: onRemovedSchema,
  /** The main worktree, when it was installed from there. */
  main: z.string().optional(),
  /** The file that git runs, unless a hook manager calls us. */
  hook: z
    .object({
      path: z.string(),
      /** Of the text that was written: what differs from it was edited by somebody. */
      sha256: z.string(),
      /** Whether its folder was made for it. */
      madeFolder: z.boolean(),
      /** `core.hooksPath` when it is relative: each worktree has such a file of its own then, and `path` is one of them. */
      relative: z.string().optional(),
    })
    .optional(),
})
export type Install = z.infer<typeof installSchema>

export const runletDir = (gitDir: string): string => join(gitDir, 'runlet')
const installFile = (commonDir: string) => join(runletDir(commonDir), 'install.json')
const recordFile = (commonDir: string, key: string) => join(runletDir(commonDir), 'worktrees', `${key}.json`)
const ownFile = ({ gitDir }: Checkout, name: 'attached' | 'new' | 'earlier') => join(runletDir(gitDir), name)

export const readInstall = (commonDir: string): Promise<Install | undefined> =>
  readDocument(installFile(commonDir), installSchema)

/** Keeps the time of an earlier installation: it tells which worktrees are new. */
export async function writeInstall(commonDir: string, install: Install): Promise<void> {
  const file = installFile(commonDir)
  const earlier = await stat(file).catch(() => undefined)
  await writeWhole(file, install)
  if (earlier) await utimes(file, earlier.atime, earlier.mtime)
}

/** With its folder, unless there are attachments to remember. */
export async function removeInstall(commonDir: string): Promise<void> {
  await rm(installFile(commonDir), { force: true })
  if ((await listAttachments(commonDir)).length > 0) return
  await rm(join(runletDir(commonDir), 'earlier'), { force: true })
  await rmdir(join(runletDir(commonDir), 'worktrees')).catch(() => undefined)
  await rmdir(runletDir(commonDir)).catch(() => undefined)
}

/** The worktree's attachment, if it has one; one that is not forked has no more than a name. */
export async function readAttachment(checkout: Checkout): Promise<Attachment | undefined> {
  const key = await readText(ownFile(checkout, 'attached'))
  return key === undefined ? undefined : readDocument(recordFile(checkout.commonDir, key.trim()), attachmentSchema)
}

/** Whether the worktree is to get a namespace: the hook has noted it, or could not (hooks of its own, no checkout) but it is young. */
export async function isNew(checkout: Checkout): Promise<boolean> {
  if (!isLinked(checkout)) return false
  const [installed, made] = await Promise.all([
    mtimeOf(installFile(checkout.commonDir)),
    mtimeOf(join(checkout.gitDir, 'commondir')),
  ])
  if (installed === undefined || made === undefined) return false
  return made >= installed || (await mtimeOf(ownFile(checkout, 'new'))) !== undefined
}

/** The branch that the hook has noted. */
export const notedBranch = async (checkout: Checkout): Promise<string | undefined> =>
  (await readText(ownFile(checkout, 'new')))?.trim() || undefined

/** Decides for this attachment, or finds what somebody else decided: resolves to that which stands. */
export async function claim(checkout: Checkout, attachment: Attachment): Promise<Attachment> {
  const { key } = attachment
  await writeAttachment(checkout.commonDir, attachment)
  const attached = ownFile(checkout, 'attached')
  for (;;) {
    if (await createOnce(attached, `${key}\n`)) return attachment
    const standing = await readAttachment(checkout)
    if (standing) {
      await removeAttachment(checkout.commonDir, key)
      return standing
    }
    await rm(attached, { force: true }) // it names what is not there any more
  }
}

export const writeAttachment = (commonDir: string, attachment: Attachment): Promise<void> =>
  writeWhole(recordFile(commonDir, attachment.key), attachment)

export const removeAttachment = (commonDir: string, key: string): Promise<void> =>
  rm(recordFile(commonDir, key), { force: true })

/** The worktree has this namespace no more. It is noted as new again, without a branch: the next command takes the one that it finds. */
export async function detach(checkout: Checkout, { key, namespace }: Attachment): Promise<void> {
  const attached = ownFile(checkout, 'attached')
  if ((await readText(attached))?.trim() !== key) return
  const earlier = await earlierNamespaces(checkout)
  await writeText(ownFile(checkout, 'earlier'), `${[...earlier, namespace].slice(-MAX_EARLIER).join('\n')}\n`)
  if (isLinked(checkout) && (await readInstall(checkout.commonDir))) await writeText(ownFile(checkout, 'new'), '')
  await rm(attached, { force: true })
  await removeAttachment(checkout.commonDir, key)
}

const MAX_EARLIER = 32

/** A working copy of one of them may become one of the namespace that the worktree has now. */
export const earlierNamespaces = async (checkout: Checkout): Promise<string[]> =>
  (await readText(ownFile(checkout, 'earlier')))?.split('\n').filter(line => line !== '') ?? []

/** All attachments of a repository, those of worktrees that are gone too. */
export async function listAttachments(commonDir: string): Promise<Attachment[]> {
  const names = await readdir(join(runletDir(commonDir), 'worktrees')).catch(() => [])
  const keys = names.filter(name => name.endsWith('.json')).map(name => name.slice(0, -'.json'.length))
  const found = await Promise.all(keys.map(key => readDocument(recordFile(commonDir, key), attachmentSchema)))
  return found.filter(attachment => attachment !== undefined).sort((a, b) => a.at - b.at)
}

/**
 * Where the worktree with this attachment lies now, for git may have moved it; undefined when it is gone. A locked one is there: it may
 * lie on a disk that is not plugged in.
 */
export async function whereIs(commonDir: string, { key, name, root }: Attachment): Promise<string | undefined> {
  const gitDir = join(commonDir, name)
  if ((await readText(join(runletDir(gitDir), 'attached')))?.trim() !== key) return undefined
  if (name === '') return root
  const pointer = (await readText(join(gitDir, 'gitdir')))?.trimEnd()
  // Relative with `worktree.useRelativePaths`.
  const dotGit = pointer && resolve(gitDir, pointer)
  if (dotGit && (await mtimeOf(dotGit)) !== undefined) return dirname(dotGit)
  return (await mtimeOf(join(gitDir, 'locked'))) === undefined ? undefined : root
}

export const nameOf = ({ commonDir, gitDir }: Checkout): string => relative(commonDir, gitDir)

const mtimeOf = (file: string): Promise<number | undefined> =>
  stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  )

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new ConfigError(file, `cannot be read (${code})`, 'Check its permissions.', { cause })
  }
}

async function readDocument<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readText(file)
  if (text === undefined) return undefined
  const remedy = 'Remove it, and say `runlet worktree attach` in the worktree, or `runlet worktree install`.'
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new ConfigError(file, 'is not what runlet writes there', remedy, { cause })
  }
}

const writeWhole = (file: string, document: object): Promise<void> =>
  writeText(file, `${JSON.stringify(document, undefined, 2)}\n`)

/** The file appears whole or not at all. */
async function writeText(file: string, text: string): Promise<void> {
  await orRefuse(file, async temporary => {
    await writeFile(temporary, text)
    await rename(temporary, file)
  })
}

/** Resolves to false when the file is there already. */
async function createOnce(file: string, text: string): Promise<boolean> {
  return orRefuse(file, async temporary => {
    await writeFile(temporary, text)
    try {
      await link(temporary, file)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    } finally {
      await rm(temporary, { force: true })
    }
  })
}

async function orRefuse<T>(file: string, write: (temporary: string) => Promise<T>): Promise<T> {
  try {
    await mkdir(dirname(file), { recursive: true })
    return await write(`${file}.${systemAmbient.randomId()}`)
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException
    throw new RepositoryError(`"${file}" cannot be written (${code})`, "Check the permissions of git's folder.", {
      cause,
    })
  }
}
