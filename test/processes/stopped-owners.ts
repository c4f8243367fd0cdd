// Owners that are stopped for longer than their leases live, as a sleeping laptop is. Others take over, and what the owner does
// once it goes on is refused and shows nowhere (G7); what it was told before stays (G1).
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { Namespace, Run } from '../../lib/index.ts'
import type { Member, Said } from '../support/fleet.ts'
import { readJournals } from '../support/journal.ts'
import type { OwnerJob, OwnerNote } from '../support/owner-worker.ts'
import { contents } from '../support/world.ts'
import { resumeOnceFree } from './left-runs.ts'
import { aMoment, aPlace, type Ground, LIMIT, type Place } from './place.ts'

const LOST = 'ERR_RUNLET_LEASE_LOST'
const SEALED = 'ERR_RUNLET_NAMESPACE_SEALED'
const TTL_MS = 1000
/** Of who comes next: this process, which a busy machine must not take for a stopped one. */
const HEIR_TTL_MS = 30_000

export function stoppedOwners(ground: Ground): void {
  describe('a process that is stopped while it owns a run', () => {
    stoppedRun(ground, 'and another folds it', {
      scenario: 'stopped-folded',
      meanwhile: async run => {
        await run.fold()
        return run.parent
      },
      refusals: [LOST, SEALED],
    })
    stoppedRun(ground, 'and another goes on with it', {
      scenario: 'stopped-resumed',
      meanwhile: async run => {
        await run.put('heir', 'heir')
        await run.parent.put('news', 'what a refresh would show')
        return run
      },
      refusals: [LOST],
    })
    stoppedRun(ground, 'and another discards it', {
      scenario: 'stopped-discarded',
      meanwhile: async run => {
        await run.discard()
        return run.parent
      },
      refusals: [LOST, SEALED],
      loses: true,
    })
    stoppedRun(ground, 'and another folds it and forks one of the same id', {
      scenario: 'stopped-reused',
      meanwhile: async run => {
        await run.fold()
        const next = await run.parent.fork('owned')
        await next.put('heir', 'heir')
        await run.parent.put('news', 'what a refresh would show')
        return next
      },
      refusals: [LOST, SEALED],
    })
  })
  stoppedLock(ground)
}

interface Takeover {
  readonly scenario: string
  /** What the heir of the run does with it; resolves to where its files are to be seen. */
  readonly meanwhile: (run: Run) => Promise<Namespace>
  /** What the owner may be told when it goes on. */
  readonly refusals: readonly string[]
  /** Whether what the owner wrote is gone. */
  readonly loses?: boolean
}

function stoppedRun(ground: Ground, title: string, { scenario, meanwhile, refusals, loses }: Takeover): void {
  describe(title, () => {
    const open = aPlace(ground, scenario)
    let kept: Record<string, string>
    let afterwards: Record<string, string>
    let told: OwnerNote[]
    let answers: Said

    before(async () => {
      const place = await open()
      const owner = await stoppedOwner(place, 'run')
      const run = await resumeOnceFree(place.parent, 'owned')
      assert.ok(run)
      const where = await meanwhile(run)
      kept = await contents(where)
      answers = await goOn(owner)
      told = await readJournals<OwnerNote>(place.folder)
      // Should the owner have ended it, it cannot be read any more.
      afterwards = await contents(where).catch(error => ({ error: String(error) }))
    }, LIMIT)

    test('then all that it does is refused (G7)', () => {
      const { kind, signal, ...codes } = answers
      for (const [what, code] of Object.entries(codes)) assert.ok(refusals.includes(String(code)), `${what}: ${code}`)
      assert.equal(signal, true)
    })

    test('then nothing of that shows (G7)', () => {
      assert.deepEqual(afterwards, kept)
    })

    test('then what it was told before stays (G1)', () => {
      for (const { path } of loses ? [] : told) assert.equal(afterwards[path], path)
      assert.ok(told.length > 0)
    })
  })
}

function stoppedLock(ground: Ground): void {
  describe('a process that is stopped while it holds a lock', () => {
    const open = aPlace(ground, 'stopped-lock')
    let kept: Record<string, string>
    let afterwards: Record<string, string>
    let answers: Said

    before(async () => {
      const { parent, owner } = await lockedPlace(await open())
      await parent.lock(
        'owned',
        async lock => {
          await parent.put('heir', 'heir', { lock })
          kept = await contents(parent)
          answers = await goOn(owner)
          await parent.put('heir', 'still', { lock })
        },
        { ttlMs: HEIR_TTL_MS, waitMs: 60_000 },
      )
      afterwards = await contents(parent)
    }, LIMIT)

    test('is told that it lost the lock, by its writes and by the lock itself (G7)', () => {
      const { kind, signal, ...codes } = answers
      for (const [what, code] of Object.entries(codes)) assert.equal(code, LOST, what)
      assert.equal(signal, true)
    })

    test('changes nothing more, while the next holder goes on (G6, G7)', () => {
      assert.deepEqual(afterwards, { ...kept, heir: 'still' })
    })
  })

  describe('a process that is killed while it holds a lock', () => {
    const open = aPlace(ground, 'killed-lock')

    test('leaves it to whoever waits (G6)', LIMIT, async () => {
      const { parent, owner } = await lockedPlace(await open())
      owner.kill('SIGKILL')
      const got = await parent.lock('owned', () => 'got it', { ttlMs: HEIR_TTL_MS, waitMs: 60_000 })
      assert.equal(got, 'got it')
    })
  })
}

async function lockedPlace(place: Place): Promise<{ parent: Namespace; owner: Member }> {
  return { parent: place.parent, owner: await stoppedOwner(place, 'lock') }
}

/** An owner that has written a little, and is stopped while it goes on writing. */
async function stoppedOwner({ url, folder, fleet }: Place, owns: OwnerJob['owns']): Promise<Member> {
  const job: OwnerJob = { url, journal: join(folder, 'owner'), owns, name: 'owned', ttlMs: TTL_MS }
  const owner = fleet.start('owner-worker', job)
  await owner.hears('wrote', 3)
  await aMoment(30)
  owner.kill('SIGSTOP')
  return owner
}

/** Lets it go on until it has tried everything. */
async function goOn(owner: Member): Promise<Said> {
  owner.kill('SIGCONT')
  const answers = await owner.hears('refused')
  await owner.succeeds()
  return answers
}
