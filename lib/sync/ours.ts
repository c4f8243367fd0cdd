// What a working copy does not synchronise, in either direction: its own state, git's, and this machine's configuration. A namespace
// that has such paths (anybody may put them) must not be able to write a hook, or the state that a copy trusts.

/** The folder of a copy's own files. */
export const STATE_FOLDER = '.runlet'

const NOT_OURS: ReadonlySet<string> = new Set([STATE_FOLDER, '.git', 'runlet.config.json'])

/** Whether a path is synchronised, judged by what lies at the top of the directory, in any spelling. */
export function isOurs(path: string): boolean {
  const slash = path.indexOf('/')
  return !NOT_OURS.has((slash === -1 ? path : path.slice(0, slash)).toLowerCase())
}
