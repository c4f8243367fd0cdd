// What a working copy does not synchronise, in either direction: its own state, git's, and this machine's configuration. A namespace
// that has such paths (anybody may put them) must not be able to write a hook, or the state that a copy trusts, or to say which store
// the commands in a folder talk to. A folder of the copy may be a repository or a copy itself, so that holds at any depth.

/** The folder of a copy's own files. */
export const STATE_FOLDER = '.runlet'

/** With the names that Windows gives those that are too long or begin with a dot. */
const NOT_OURS = /^(\.git|git~[0-9]+|\.runlet|runlet~[0-9]+|runlet\.config\.json|runlet~[0-9]+\.jso)$/

/** Code points that HFS+ leaves out when it compares names: git was caught by them (CVE-2014-9390). */
const IGNORABLE = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g
/** Nearly all names begin otherwise, and are asked no more. */
const SUSPICIOUS = /(^|\/)[.gr\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/i

/** Whether a path is synchronised, judged by each of its names, in any spelling that some file system takes for the same. */
export function isOurs(path: string): boolean {
  return !SUSPICIOUS.test(path) || !path.split('/').some(isNotOurs)
}

function isNotOurs(name: string): boolean {
  // NTFS leaves out the name of a stream, and what trails.
  const [file = ''] = name.replace(IGNORABLE, '').split(':')
  return NOT_OURS.test(file.replace(/[ .]+$/, '').toLowerCase())
}
