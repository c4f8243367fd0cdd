// How this process names itself to people: who signs a commit, who holds a lease.
import { hostname, userInfo } from 'node:os'
import { basename } from 'node:path'

/** `user@host`. */
export function defaultAuthor(): string {
  return `${userName()}@${hostname()}`.slice(0, 128)
}

/** The program's name. */
export function defaultLabel(): string {
  return basename(process.argv[1] ?? 'node').slice(0, 128) || 'node'
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}` // a container's user need not have a name
  }
}
