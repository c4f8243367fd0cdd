// A process group that ends as a whole. Each start of a poller is one: `runlet run`, the command, and all that this started. A guard
// stands in the group, a few lines of shell that wait for the end of a pipe which only we hold. When we close it, or die of whatever,
// even SIGKILL, the guard asks its group to end and after a while kills it. It signals the group that it is in itself, and while it
// lives the group's number belongs to nobody else: no stranger is ever hit.
// What leaves its group on purpose (a daemon) leaves this too; systemd ends that by its cgroup.
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

/** From SIGTERM to SIGKILL. */
export const GRACE_MS = 10_000

// The guard and what it starts ignore the signal that it sends to all. `$0` is the grace.
const GUARD = `
( trap '' TERM INT HUP
  cat <&3
  kill -TERM 0
  sleep "$0"
  kill -KILL 0 ) >/dev/null 2>&1 &
exec 3<&-
exec "$@"`

export interface Group {
  readonly leader: ChildProcess
  readonly output: readonly [stdout: Readable, stderr: Readable]
  /** To all of the group, while the leader is there. */
  signal(name: NodeJS.Signals): void
  /** Asks all to end, and kills them after the grace. */
  end(): void
}

/** Starts a program, by its absolute path, as the first of a group of its own. */
export function startGroup(
  command: readonly [string, ...string[]],
  { graceMs = GRACE_MS, ...options }: { cwd: string; env: Readonly<Record<string, string>>; graceMs?: number },
): Group {
  const leader = spawn('/bin/sh', ['-c', GUARD, String(graceMs / 1000), ...command], {
    ...options,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const hold = leader.stdio[3] as Writable
  hold.on('error', () => {}) // the guard was killed
  return {
    leader,
    output: [leader.stdout as Readable, leader.stderr as Readable],
    signal: name => {
      if (leader.pid === undefined || leader.exitCode !== null || leader.signalCode !== null) return
      try {
        process.kill(-leader.pid, name)
      } catch {
        // it has ended in this moment
      }
    },
    end: () => hold.destroy(),
  }
}
