// One swap of a head, judged: what can be seen after it must be what could be seen before it and what its new commits were asked
// to do, no more and no less (G1, G2, G5); each commit was made on what it had read (G4), by who still held the lock (G7).
import type { CommitRecord, Origin } from '../../lib/namespace/head.ts'
import type { Cell } from './decode.ts'
import type { History, Invocation } from './history.ts'
import { settled, wrongLines } from './settle.ts'
import { foldName, hasEnded, overlay, type Sight, type Space, type Version } from './space.ts'
import { Violation } from './violation.ts'

/** What else the witness knows. */
export interface Knowledge {
  readonly history: History
  space(name: string): Space | undefined
  /** What the base of a head showed. */
  base(head: Version['head']): Sight
  value(cell: Cell): string
}

/** What is to be seen of a path. */
interface Expected {
  readonly sha: string | undefined
  /** Undefined: any. */
  readonly seq?: number | undefined
  /** A merged log with the lines of these; `sha` is then MERGED. */
  readonly sides?: readonly string[]
  /** The commit that this swap made it with. */
  readonly by?: CommitRecord
}

/** Stands for a value that nobody wrote as it is. */
const MERGED = 'merged'

export class Transition {
  private readonly space: Space
  private readonly before: Version
  private readonly now: Version
  private readonly known: Knowledge
  private readonly expected = new Map<string, Expected>()
  private readonly records: CommitRecord[]

  constructor(space: Space, now: Version, known: Knowledge) {
    this.space = space
    this.before = space.latest as Version
    this.now = now
    this.known = known
    this.records = now.head.commits.filter(record => record.seq > this.before.head.seq)
    for (const [path, { sha, seq }] of this.before.sight) this.expected.set(path, { sha, seq })
  }

  check(): void {
    this.checkSequence()
    this.checkFences()
    this.checkState()
    if (hasEnded(this.before.head)) return // nobody needs what it held: a sweep takes it
    const plain: CommitRecord[] = []
    for (const record of this.records) {
      if (this.space.commits.has(record.id)) throw this.wrong('G5', `commit ${record.id} is there twice`)
      this.space.commits.add(record.id)
      const invocation = record.message && this.known.history.byMessage(record.message)
      if (record.origin) this.fold(record, record.origin)
      else if (invocation) this.commit(record, invocation)
      else if (record.message?.startsWith('refresh to')) this.refresh(record)
      else if (record.message) throw this.wrong('G5', `nobody asked for the commit "${record.message}"`)
      else plain.push(record)
    }
    this.compare(plain)
  }

  private checkSequence(): void {
    const { head } = this.now
    const seqs = this.records.map(record => record.seq)
    const gapless = seqs.every((seq, i) => seq === this.before.head.seq + 1 + i)
    if (!gapless || this.before.head.seq + seqs.length !== head.seq)
      throw this.wrong(
        'G1',
        `its history has a gap: ${this.before.head.seq}, then ${seqs}, and the head says ${head.seq}`,
      )
  }

  private checkFences(): void {
    for (const [name, token] of Object.entries(this.before.head.fences)) {
      if ((this.now.head.fences[name] ?? 0) < token) throw this.wrong('G7', `the fence "${name}" fell below ${token}`)
    }
  }

  private checkState(): void {
    const [from, to] = [this.before.head.state, this.now.head.state]
    if (this.records.length > 0 && from !== 'open') throw this.wrong('G7', `it was ${from}, and was written to`)
    if (hasEnded(this.before.head) && to !== from) throw this.wrong('G5', `it was ${from}, and is ${to}`)
    const { base } = this.now.head
    if (to !== 'folded' || from === 'folded' || !base) return
    const parent = this.known.space(base.namespace)
    if (this.now.own.size > 0 && !parent?.folds.has(foldName(this.space.name, base.fork)))
      throw this.wrong('G2', 'it says that it was folded, and its parent has nothing of it')
  }

  private commit(record: CommitRecord, invocation: Invocation): void {
    const asked = `write #${invocation.id}`
    if (invocation.namespace !== this.space.name)
      throw this.wrong('G3', `${asked} was asked of ${invocation.namespace}`)
    this.apply(record, invocation)
    for (const [path, sha] of invocation.writes) {
      const ours = this.expected.get(path)
      const unseen = invocation.reads.has(path) && invocation.reads.get(path) !== ours?.sha
      if (!unseen) this.expect(path, { sha, seq: record.seq, by: record })
      // It says only again what it had read: then what came between stays.
      else if (invocation.reads.get(path) === sha) this.expect(path, { ...ours, sha: ours?.sha, seq: undefined })
      else throw this.wrong('G4', `${asked} overwrote a value of "${path}" that it had not seen`)
    }
  }

  /** Notes that the invocation happened, once, and by who still had its lock. */
  private apply(record: CommitRecord, invocation: Invocation): void {
    const { id, applied, lock } = invocation
    if (applied !== undefined) throw this.wrong('G5', `write #${id} is commit ${applied} and ${record.seq}`)
    invocation.applied = record.seq
    if (!lock) return
    const least = Math.max(this.space.tokens.get(lock.name) ?? 0, this.before.head.fences[lock.name] ?? 0)
    if (lock.token < least)
      throw this.wrong('G7', `write #${id} had token ${lock.token} of "${lock.name}", and ${least} had been there`)
    this.space.tokens.set(lock.name, lock.token)
  }

  private fold(record: CommitRecord, { run, fork, discarded }: Origin): void {
    const name = foldName(run, fork)
    if (this.space.folds.has(name)) throw this.wrong('G5', `the run ${run} was folded twice`)
    if (this.space.refused.has(name)) throw this.wrong('G5', `the run ${run} was folded after it was discarded`)
    if (discarded) {
      this.space.refused.add(name)
      return
    }
    this.space.folds.add(name)
    const child = this.known.space(run)?.latest
    if (!child || child.head.base?.fork !== fork) throw this.wrong('G5', `the fold of ${run} is of another fork`)
    if (child.head.state !== 'sealed')
      throw this.wrong('G2', `the run ${run} was folded while it was ${child.head.state}`)
    const base = this.known.base(child.head)
    for (const [path, cell] of child.own) this.settle(record, path, { base: base.get(path), theirs: cell })
  }

  private settle(record: CommitRecord, path: string, { base, theirs }: { base: Cell | undefined; theirs: Cell }): void {
    const ours = this.expected.get(path)
    switch (settled(path, { base: base?.sha, ours: ours?.sha, theirs: theirs.sha })) {
      case 'ours':
        if (ours) this.expect(path, { ...ours, seq: undefined })
        return
      case 'theirs':
        this.expect(path, { sha: theirs.sha, seq: record.seq, by: record })
        return
      case 'lines': {
        const sides = [...(ours?.sides ?? [this.valueOf(path, ours?.sha)]), this.known.value(theirs)]
        this.expect(path, { sha: MERGED, sides, seq: record.seq, by: record })
        return
      }
      case 'conflict':
        throw this.wrong(
          'G4',
          `"${path}" was changed on both sides, and one was overwritten silently: ${told(base)} at the fork, ` +
            `then ${told(ours)}, and ${told(theirs)} in the run`,
        )
    }
  }

  /** The value that stood before this record: from before the swap, or from a record before it. */
  private valueOf(path: string, sha: string | undefined): string {
    const standing = this.before.sight.get(path)
    if (standing && standing.sha === sha) return this.known.value(standing)
    return (sha && this.known.history.value(sha)) || ''
  }

  /** The base moves: the run's own changes now lie over the parent as it was at the new one. */
  private refresh(record: CommitRecord): void {
    const [old, moved] = [this.known.base(this.before.head), this.known.base(this.now.head)]
    const { own } = this.before
    this.expected.clear()
    for (const [path, { sha, seq }] of moved) this.expected.set(path, { sha, seq })
    for (const [path, cell] of own) {
      const ours = moved.get(path)
      const sides = { base: old.get(path)?.sha, ours: ours?.sha, theirs: cell.sha }
      const how = settled(path, sides)
      if (how === 'conflict') throw this.wrong('G4', `the refresh hid what the parent did to "${path}"`)
      if (how === 'theirs') this.expect(path, { sha: cell.sha, seq: cell.seq })
      else if (how === 'ours') this.expect(path, { sha: ours?.sha })
      else if (ours)
        this.expect(path, { sha: MERGED, sides: [this.known.value(ours), this.known.value(cell)], by: record })
    }
  }

  private expect(path: string, expected: Expected): void {
    if (expected.sha === undefined) this.expected.delete(path)
    else this.expected.set(path, expected)
  }

  private compare(plain: readonly CommitRecord[]): void {
    const found = new Map<number, number>()
    for (const [path, cell] of this.now.sight) {
      const expected = this.expected.get(path)
      if (expected && this.isAs(expected, cell, path)) continue
      this.put(path, cell, plain)
      found.set(cell.seq, (found.get(cell.seq) ?? 0) + 1)
    }
    for (const [path, { by }] of this.expected) {
      if (this.now.sight.has(path)) continue
      throw by ? this.wrong('G2', `commit ${by.seq} lacks "${path}"`) : this.wrong('G1', `"${path}" was lost`)
    }
    for (const { seq, rows } of plain) {
      if (found.get(seq) !== rows) throw this.wrong('G2', `commit ${seq} has ${found.get(seq)} of its ${rows} rows`)
    }
  }

  private isAs({ sha, seq, sides }: Expected, cell: Cell, path: string): boolean {
    if (sides) {
      const wrong = wrongLines(this.known.value(cell), sides)
      if (wrong) throw this.wrong('G4', `the merged "${path}" ${wrong}`)
      return true
    }
    return cell.sha === sha && (seq === undefined || cell.seq === seq)
  }

  /** A path that no commit with a name explains: it must be a put of its own, in a commit without one. */
  private put(path: string, cell: Cell, plain: readonly CommitRecord[]): void {
    const invocation = this.known.history.writerOf(cell.sha)
    const record = plain.find(one => one.seq === cell.seq)
    if (!record || !invocation || invocation.writes.get(path) !== cell.sha) {
      const was = this.before.sight.get(path)
      throw this.wrong(was ? 'G1' : 'G5', `"${path}" is ${told(cell)}, was ${told(was)}, and no commit says so`)
    }
    if (invocation.namespace !== this.space.name)
      throw this.wrong('G3', `"${path}" was written to ${invocation.namespace}`)
    this.apply(record, invocation)
  }

  private wrong(guarantee: Violation['guarantee'], what: string): Violation {
    return new Violation(guarantee, `${this.space.name}@${this.now.head.seq}: ${what}`)
  }
}

/** A namespace begins: empty, or as its parent was at the fork. */
export function checkBeginning(space: Space, now: Version, known: Knowledge): void {
  const before = space.latest
  const wrong = (guarantee: Violation['guarantee'], what: string) => new Violation(guarantee, `${space.name}: ${what}`)
  if (before && (before.head.state === 'open' || before.head.state === 'sealed') && before.head.seq > 0)
    throw wrong('G1', 'a run that had not ended was begun anew')
  for (const [name, token] of Object.entries(before?.head.fences ?? {})) {
    if (name === 'owner' && (now.head.fences[name] ?? 0) < token) throw wrong('G7', 'earlier owners can write to it')
  }
  const should = now.head.base ? known.base(now.head) : overlay(undefined, new Map())
  space.tokens.clear()
  if (now.head.seq !== 0 || now.sight.size !== should.size) throw wrong('G3', 'it does not begin as its parent was')
}

const told = (content: { sha: string | undefined; seq?: number | undefined } | undefined): string =>
  content?.sha === undefined ? 'absent' : `${content.sha.slice(0, 8)} of commit ${content.seq}`
