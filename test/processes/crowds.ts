// Many processes at the same moment: all of them get through, in a few swaps of the head (G6).
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import type { CommitRecord } from '../../lib/index.ts'
import type { CrowdJob } from '../support/crowd-worker.ts'
import { contents } from '../support/world.ts'
import { aPlace, commitsOf, type Ground, LIMIT, type Place, swapsOf } from './place.ts'

const FOLDERS = 6
const RUNS_EACH = 5
const RUNS = FOLDERS * RUNS_EACH
/** On a busy machine the processes come one after another, and each then finds the head free: that costs swaps, but no time. */
const FOLD_SWAPS = 20

export function crowds(ground: Ground): void {
  crowd(ground, { title: `${ground.crowd} processes that write at once`, processes: ground.crowd, runs: 0 })
  crowd(ground, { title: `${FOLDERS} processes that fold ${RUNS} runs at once`, processes: FOLDERS, runs: RUNS_EACH })
}

function crowd(ground: Ground, { title, processes, runs }: { title: string; processes: number; runs: number }): void {
  describe(title, () => {
    const open = aPlace(ground, runs > 0 ? 'crowd-folds' : 'crowd-puts')
    let slowest: number
    let found: Record<string, string>
    let commits: CommitRecord[]

    before(async () => {
      const place = await open()
      slowest = await allAtOnce(place, { processes, runs })
      found = await contents(place.parent)
      commits = await commitsOf(place.parent)
    }, LIMIT)

    test('all get through', () => {
      const names = Array.from({ length: processes }, (_, i) => `c${i}`)
      const ids = names.flatMap(name => Array.from({ length: runs }, (_, i) => `${name}-${i}`))
      const expected = runs === 0 ? names.map(name => [`crowd/${name}`, name]) : ids.flatMap(filesOf)
      assert.deepEqual(found, Object.fromEntries(expected))
    })

    test('each is one commit in one history', () => {
      assert.deepEqual(
        commits.map(commit => commit.seq),
        commits.map((_, i) => commits.length - i),
      )
      assert.equal(commits.length, processes * Math.max(runs, 1))
    })

    test('they share swaps of the head', t => {
      const swaps = swapsOf(commits)
      t.diagnostic(`${commits.length} commits in ${swaps} swaps; the slowest process took ${Math.round(slowest)} ms`)
      assert.ok(runs === 0 || swaps <= FOLD_SWAPS, `${swaps} swaps`)
    })
  })
}

const filesOf = (id: string): [string, string][] => Array.from({ length: 5 }, (_, i) => [`crowd/${id}/${i}`, id])

/** Starts the processes and, when all are ready, lets them go; resolves to how long the slowest took. */
async function allAtOnce(
  { url, fleet }: Place,
  { processes, runs }: { processes: number; runs: number },
): Promise<number> {
  const members = Array.from({ length: processes }, (_, i) => {
    return fleet.start('crowd-worker', { url, name: `c${i}`, runs } satisfies CrowdJob)
  })
  await Promise.all(members.map(member => member.hears('ready')))
  for (const member of members) member.tell('go')
  await Promise.all(members.map(member => member.succeeds()))
  const ends = await Promise.all(members.map(member => member.hears('finished')))
  return Math.max(...ends.map(({ ms }) => Number(ms)))
}
