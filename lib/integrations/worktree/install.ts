// Putting the post-checkout hook where git runs it, and taking it away so that everything is as it was: what was there is moved aside and
// moved back, byte by byte with its mode, or a link as a link. A hook that somebody edited since is theirs, and is left alone; so are the
// hooks of a hook manager (managers.ts).
import { createHash } from 'node:crypto'
import { lstat, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { systemAmbient } from '../../ambient.ts'
import { RepositoryError } from './errors.ts'
import { BEFORE, HOOK, MARK, NOTE } from './hook.ts'
import { findWirings, type Wiring } from './managers.ts'
import { type Install, type OnRemoved, readInstall, removeInstall, runletDir, writeInstall } from './records.ts'
import type { Repository } from './repository.ts'

export interface Installed {
  /** The file that git runs; undefined when somebody else's hooks are to call runlet. */
  readonly hook: string | undefined
  /** `edited`: it was changed since it was installed, and is left as it is. */
  readonly was: 'absent' | 'installed' | 'edited'
  /** The hook from before, which it runs first; without a hook of ours, one that lies beside somebody else's, who took our place. */
  readonly before: string | undefined
  readonly wirings: readonly Wiring[]
  /** How many worktrees there were before it was installed for the first time. */
  readonly older: number
}

/** Installed again, it changes nothing but what was chosen for removed worktrees. */
export async function install(repository: Repository, onRemoved: OnRemoved | undefined): Promise<Installed> {
  const { commonDir, root, isLinked, hooksDir, relativeHooks } = repository
  const earlier = await readInstall(commonDir)
  const earlierHook = earlier?.hook && ofThisWorktree(earlier.hook, repository)
  const wirings = await findWirings(repository)
  const path = join(hooksDir, 'post-checkout')
  const there = wirings.length > 0 ? 'nothing' : await standing(path, earlierHook?.sha256)
  if (earlierHook && (wirings.length > 0 || earlierHook.path !== path)) await restore(earlierHook)
  const madeFolder = (earlierHook?.path === path && earlierHook.madeFolder) || !(await isThere(hooksDir))
  const main = isLinked ? earlier?.main : root
  const older = earlier ? 0 : (await readdir(join(commonDir, 'worktrees')).catch(() => [])).length
  await orRefuse(runletDir(commonDir), async () => {
    await writeExecutable(join(runletDir(commonDir), 'post-checkout'), NOTE)
    await writeInstall(commonDir, {
      format: 1,
      onRemoved: onRemoved ?? earlier?.onRemoved ?? 'keep',
      ...(main !== undefined && { main }),
      ...(wirings.length === 0 && { hook: { path, sha256: sha256(HOOK), madeFolder, relative: relativeHooks } }),
    })
  })
  const put = async (): Promise<Installed['was']> => (wirings.length > 0 ? 'absent' : putHook(path, there))
  const was = await orRefuse(path, put).catch(async error => {
    if (!earlier) await forget(commonDir) // one that failed is none
    throw error
  })
  return { hook: wirings.length > 0 ? undefined : path, was, before: await beforeOf(path), wirings, older }
}

/** What lies where the hook belongs: our own, one of an earlier version, ours as somebody edited it, or one that is none of ours. */
type Standing = 'nothing' | 'ours' | 'older' | 'edited' | 'foreign'

/** @throws RepositoryError when there is no room for it: nothing has been written by then */
async function standing(path: string, written: string | undefined): Promise<Standing> {
  if (!(await isThere(path))) return 'nothing'
  const text = await readFile(path, 'latin1').catch(() => '')
  if (text === HOOK) return 'ours'
  if (sha256(text) === written) return 'older'
  if (text.includes(MARK)) return 'edited'
  if (!(await isThere(besideOf(path)))) return 'foreign'
  throw new RepositoryError(
    `"${besideOf(path)}" is there already, and so is a hook that runlet did not write`,
    'Decide which of them is the hook, and remove the other.',
  )
}

/** Never without a hook that was there: it is moved aside, and what takes its place runs it. */
async function putHook(path: string, there: Standing): Promise<Installed['was']> {
  if (there === 'ours') return 'installed'
  if (there === 'edited') return 'edited'
  if (there === 'foreign') await rename(path, besideOf(path))
  await writeExecutable(path, HOOK)
  return 'absent'
}

export interface Uninstalled {
  /** What became of the hook; `none`: it was not installed, or somebody else's hooks called runlet. */
  readonly hook: 'restored' | 'removed' | 'edited' | 'none'
  readonly path: string | undefined
  /** The hook from before, when it could not be put back: somebody's else is in its place. */
  readonly before: string | undefined
  /** Whose hooks still have lines that call runlet; they do nothing any more. */
  readonly wirings: readonly Wiring[]
}

export async function uninstall(repository: Repository): Promise<Uninstalled> {
  const { commonDir } = repository
  const installed = await readInstall(commonDir)
  const wirings = (await findWirings(repository)).filter(({ isThere }) => isThere)
  const written = installed?.hook && ofThisWorktree(installed.hook, repository)
  const hook = written ? await orRefuse(written.path, () => restore(written)) : 'none'
  await orRefuse(runletDir(commonDir), () => forget(commonDir))
  const before = await beforeOf(written?.path ?? join(repository.hooksDir, 'post-checkout'))
  return { hook, path: written?.path, before, wirings }
}

async function forget(commonDir: string): Promise<void> {
  await rm(join(runletDir(commonDir), 'post-checkout'), { force: true })
  await removeInstall(commonDir)
}

type Hook = NonNullable<Install['hook']>

/** The file of another worktree is not to be taken away here. */
const ofThisWorktree = (hook: Hook, { hooksDir, relativeHooks }: Repository): Hook =>
  hook.relative === undefined || hook.relative !== relativeHooks
    ? hook
    : { ...hook, path: join(hooksDir, 'post-checkout') }

/** Puts back what was there. */
async function restore(hook: Hook): Promise<Uninstalled['hook']> {
  const before = besideOf(hook.path)
  const text = await readFile(hook.path).catch(() => undefined)
  if (text && sha256(text) !== hook.sha256) return 'edited'
  if (await isThere(before)) {
    await rename(before, hook.path)
    return 'restored'
  }
  await rm(hook.path, { force: true })
  if (hook.madeFolder) await rmdir(dirname(hook.path)).catch(() => undefined) // others have hooks there by now
  return 'removed'
}

const besideOf = (hook: string): string => join(dirname(hook), BEFORE)

const beforeOf = async (hook: string): Promise<string | undefined> =>
  (await isThere(besideOf(hook))) ? besideOf(hook) : undefined

const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex')

/** A link that leads nowhere is there too. */
const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )

async function writeExecutable(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${systemAmbient.randomId()}`
  await writeFile(temporary, text, { mode: 0o755 })
  await rename(temporary, path)
}

async function orRefuse<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException
    if (!/^E[A-Z]+$/.test(code)) throw cause
    throw new RepositoryError(`"${path}" cannot be changed (${code})`, 'Check the permissions of the folder.', {
      cause,
    })
  }
}
