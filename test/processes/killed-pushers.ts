// Processes that edit files in a working copy and push them, killed over and over: no edit is lost or pushed twice, whatever was
// committed was whole, and in the end namespace and directory are the same (G1, G2, G5).
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommitRecord, Namespace } from '../../lib/index.ts'
import { filesIn } from '../support/folder.ts'
import { openJournal, readJournals } from '../support/journal.ts'
import type { PusherJob, PusherNote } from '../support/pusher-worker.ts'
import { tellingValue, versionIn } from '../support/telling-value.ts'
import { contents } from '../support/world.ts'
import { aMoment, aPlace, commitsOf, type Ground, LIMIT, type Place } from './place.ts'

const ROUNDS = 6
/** A turn at a working copy lives for 20 s, so that a dead one's is over after one. */
const SPEED = 20

/** A push takes about so long. */
const PUSH_MS = 30

/** What stood in the namespace: the edit, and the commit that brought it. */
type Sightings = Map<string, Map<string, number>>

export function killedPushers(ground: Ground): void {
  describe('processes that are killed while they push what they edit', () => {
    const open = aPlace(ground, 'killed-pushers')
    const seen: Sightings = new Map()
    const wrongs: string[] = []
    let notes: PusherNote[]
    let files: Map<string, string>
    let found: Record<string, string>
    let commits: CommitRecord[]
    let parent: Namespace
    let place: Place

    before(async () => {
      place = await open()
      parent = place.parent
      const watching = new AbortController()
      const watched = watch(parent, seen, watching.signal)
      try {
        for (let life = 0; life <= ground.kills * 2; life++) {
          await pushAndDie(place, life, life < ground.kills * 2)
          wrongs.push(...(await differences(place)))
        }
      } finally {
        watching.abort()
        await watched
      }
      notes = await readJournals<PusherNote>(place.folder)
      files = await filesIn(directoryOf(place))
      found = await contents(parent)
      commits = await commitsOf(parent)
    }, LIMIT)

    test('no edit is lost, and after each death every file is whole', t => {
      const count = (step: PusherNote['step']) => notes.filter(note => note.step === step).length
      t.diagnostic(
        `${count('edited')} edits, ${count('pushed')} pushes, ${count('refused')} refused; ${commits.length} commits`,
      )
      assert.deepEqual(wrongs, [])
      assert.deepEqual([...files], [...lastEdits(notes)[0]])
    })

    test('namespace and directory are the same in the end', () => {
      assert.deepEqual(found, Object.fromEntries(files))
    })

    test('no edit is pushed twice, and none comes back (G5)', t => {
      const pushed = commits.reduce((sum, { rows }) => sum + rows, 0)
      const edits = notes.filter(({ step }) => step === 'begun').length
      t.diagnostic(`${pushed} of ${edits} edits are in commits of their own`)
      assert.ok(pushed <= edits, `${pushed} rows for ${edits} edits`)
      for (const [path, versions] of seen) {
        const numbers = [...versions.keys()].map(Number)
        assert.deepEqual(
          numbers,
          numbers.toSorted((a, b) => a - b),
          `${path} went back`,
        )
      }
    })

    test('there is nothing left to push, and no conflict with oneself', async () => {
      const copy = await parent.workingCopy(directoryOf(place))
      assert.deepEqual(await copy.push(), { seq: undefined, put: 0, deleted: 0 })
      assert.deepEqual((await copy.status()).conflicts, [])
      await copy.dispose()
      assert.equal(notes.filter(({ step }) => step === 'refused').length, 0)
    })
  })
}

const directoryOf = ({ folder }: Place): string => join(folder, '..', 'copy')

/** They die by their own hand, when their commit stands and nothing is noted of that, or somewhere in a push; or at any time. */
async function pushAndDie(place: Place, life: number, dies: boolean): Promise<void> {
  const [[, from]] = [lastEdits(await readJournals<PusherNote>(place.folder))]
  const byItself = dies && life % 3 < 2
  const job: PusherJob = {
    ...(byItself && life % 3 === 0 && { dieAtCommit: 1 + randomInt(3) }),
    ...(byItself && life % 3 === 1 && { dieIn: { push: 1 + randomInt(3), withinMs: PUSH_MS } }),
    url: place.url,
    journal: join(place.folder, String(life).padStart(3, '0')),
    directory: directoryOf(place),
    aside: join(place.folder, '..', 'aside', String(life)),
    from,
    rounds: ROUNDS,
    speed: SPEED,
  }
  const member = place.fleet.start('pusher-worker', job)
  if (!dies) return member.succeeds()
  if (!byItself) {
    await member.hears('pushing', 1 + randomInt(ROUNDS - 1))
    await aMoment(60)
    member.kill('SIGKILL')
  }
  const { by, stderr } = await member.ended
  assert.equal(by, 'SIGKILL', stderr)
}

/** What the directory must hold by the journals, the greatest number of an edit, and the edit that may or may not have been made. */
function lastEdits(notes: readonly PusherNote[]): [Map<string, string>, number, PusherNote | undefined] {
  const files = new Map<string, string>()
  const edits = notes.filter(({ step }) => step === 'edited').toSorted((a, b) => (a.number ?? 0) - (b.number ?? 0))
  for (const { path = '', number, removed } of edits) {
    if (removed) files.delete(path)
    else files.set(path, tellingValue(path, String(number)))
  }
  const last = Math.max(0, ...notes.map(note => note.number ?? 0))
  const begun = notes.find(note => note.step === 'begun' && note.number === last)
  const open = edits.some(({ number }) => number === last) ? undefined : begun
  return [new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1))), last, open]
}

/**
 * How the directory differs from what the journals say, after a death. An edit that was made and not noted any more is noted here, or
 * the next death would find it in place of the one before.
 */
async function differences({ folder, ...place }: Place): Promise<string[]> {
  const notes = await readJournals<PusherNote>(folder)
  const [expected, , open] = lastEdits(notes)
  const files = await filesIn(directoryOf({ folder, ...place }))
  const wrongs: string[] = []
  for (const path of new Set([...expected.keys(), ...files.keys()])) {
    const [is, ought] = [files.get(path), expected.get(path)]
    if (is === ought) continue
    const made = open?.path === path && is === (open.removed ? undefined : tellingValue(path, String(open.number)))
    if (made) openJournal<PusherNote>(join(folder, 'found'))({ ...open, step: 'edited' })
    else wrongs.push(`${path}: ${is?.slice(0, 40)} in place of ${ought?.slice(0, 40)}`)
  }
  return wrongs
}

/** Notes each version of each path, and that it is whole. */
async function watch(namespace: Namespace, seen: Sightings, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for await (const { path, seq } of namespace.list()) {
      const value = await namespace.get(path)
      if (!value) continue
      const version = versionIn(path, Buffer.from(value).toString())
      const versions = seen.get(path) ?? new Map<string, number>()
      seen.set(path, versions)
      if (!versions.has(version)) versions.set(version, seq)
    }
    await sleep(20, undefined, { signal }).catch(() => undefined)
  }
}
