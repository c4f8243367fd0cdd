// Git, as a command. It touches nothing but what it is asked to: no hooks of the repository run, nothing prompts, nothing is
// downloaded for large-file filters, and no surrounding git command (a hook that runs this demo) decides where it works.
import { ExecaError, execa } from 'execa'

const ENVIRONMENT = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_COMMON_DIR: undefined,
  GIT_TERMINAL_PROMPT: '0',
  GIT_LFS_SKIP_SMUDGE: '1',
  LC_ALL: 'C',
}

/** What a git command says went wrong, in one line. */
export class GitError extends Error {}

/** Runs git in a folder; resolves to its output. */
export async function git(folder: string, args: readonly string[], signal?: AbortSignal): Promise<string> {
  const options = { cwd: folder, env: ENVIRONMENT, ...(signal && { cancelSignal: signal }) }
  try {
    const { stdout } = await execa('git', ['-c', 'core.hooksPath=/dev/null', ...args], options)
    return stdout
  } catch (error) {
    if (!(error instanceof ExecaError) || error.isCanceled) throw error
    if (error.code === 'ENOENT') throw new GitError(`git cannot be started in "${folder}": is it installed?`)
    const said = String(error.stderr).trim().split('\n')[0]
    throw new GitError(`git ${args[0]} failed in "${folder}": ${said || error.shortMessage}`)
  }
}

export interface Commit {
  readonly hash: string
  readonly subject: string
}

/** The newest commits, at most `count`. */
export async function newestCommits(folder: string, count: number, signal?: AbortSignal): Promise<Commit[]> {
  await git(folder, ['rev-parse', '--git-dir'], signal)
  if (!(await hasCommits(folder, signal))) throw new GitError(`"${folder}" has no commits yet: make one first`)
  const output = await git(folder, ['log', `--max-count=${count}`, '--format=%H %s', 'HEAD'], signal)
  return output.split('\n').map(line => {
    const [hash = ''] = line.split(' ', 1)
    return { hash, subject: line.slice(hash.length + 1) }
  })
}

async function hasCommits(folder: string, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await git(folder, ['rev-parse', '--verify', '--quiet', 'HEAD'], signal)
    return true
  } catch (error) {
    if (error instanceof GitError) return false
    throw error
  }
}
