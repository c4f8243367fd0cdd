// Run ids on the command line: made for runs that were given none, and accepted as the full name that `runlet fork` prints.
import { basename } from 'node:path'
import type { Ambient } from '../ambient.ts'

/** Such as `npm-20250131-235959-k3x9a0`: the program, when it was started (UTC), and chance. A valid name whatever the program's. */
export function makeRunId(program: string, ambient: Pick<Ambient, 'now' | 'randomId'>): string {
  const slug = basename(program)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 24)
  const [date, time] = new Date(ambient.now()).toISOString().replace(/[-:]/g, '').split(/[T.]/)
  return `${slug || 'run'}-${date}-${time}-${ambient.randomId().slice(0, 6)}`
}

/** The id of a run of `namespace`, given as the id itself or as the run's full name. */
export function runIdOf(namespace: string, text: string): string {
  return text.startsWith(`${namespace}/`) ? text.slice(namespace.length + 1) : text
}
