// When a stat proves that a file is unchanged. Pure.
//
// The same size, time and inode mean the same content, but for what git calls racy files: a file's time is that of some tick of the
// file system's clock, and whoever changes it twice within a tick without changing its size leaves the same stat. So a stat is
// remembered only if the file's time lay clearly before the moment at which the stat was taken: any later change shows then. All
// other files are hashed again by the next scan.
// Both times are the file system's own, which need not be this machine's: `now` is the time of a file that was just made there.
// What a pull writes needs no second look: it is dated back (local-files.ts), so that every later change has a later time.

/** What `lstat` says of a file. */
export interface Stat {
  readonly size: number
  /** With its fraction: a double tells a quarter of a microsecond apart. */
  readonly mtimeMs: number
  readonly inode: number
  readonly executable: boolean
}

/** Several ticks, whatever the kernel's are. */
const TICKS_MS = 50
/** Where times are whole seconds; FAT has every other one. */
const COARSE_TICKS_MS = 2_000

/** How far a time must lie back for a change that is made now to be a later one. Whole seconds give coarse clocks away. */
export const raceWindow = (mtimeMs: number): number => (mtimeMs % 1000 === 0 ? COARSE_TICKS_MS : TICKS_MS)

/** The stat, if it proves from now on that the file is unchanged. `now`: a time of the file system before it was taken. */
export function proving(stat: Stat, now: number): Stat | undefined {
  return stat.mtimeMs <= now - raceWindow(stat.mtimeMs) ? stat : undefined
}

export function sameStat(a: Stat, b: Stat): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.inode === b.inode && a.executable === b.executable
}
