// Processes that pull into a working copy, killed over and over, while another process commits and the user edits files: every file is
// whole at any time, the user's edits are never overwritten (G4), and a last pull brings what is missing.
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { edit, filesIn } from '../support/folder.ts'
import type { PullerJob } from '../support/puller-worker.ts'
import type { ScatterJob } from '../support/scatter-worker.ts'
import { tellingValue, versionIn } from '../support/telling-value.ts'
import { contents } from '../support/world.ts'
import { aMoment, aPlace, type Ground, LIMIT, type Place } from './place.ts'

const PATHS = Array.from({ length: 400 }, (_, i) => `d${i % 7}/e${i % 3}/${i}`)
/** A turn at a working copy lives for 20 s, so that a dead one's is over after one. */
const SPEED = 20
/** A pull takes about so long. */
const PULL_MS = 150
/** The user edits another file that often. */
const EDIT_MS = 250

/** What the user did: the versions are theirs alone. */
type Edits = Map<string, string>

export function killedPullers(ground: Ground): void {
  describe('processes that are killed while they pull what others commit', () => {
    const open = aPlace(ground, 'killed-pullers')
    const edits: Edits = new Map()
    const broken: unknown[] = []
    let place: Place
    let looks = 0
    let files: Map<string, string>
    let found: Record<string, string>
    let conflicts: readonly string[]

    before(async () => {
      place = await open()
      const writer = place.fleet.start('scatter-worker', {
        url: place.url,
        journal: join(place.folder, 'writer'),
        name: 'w',
        paths: PATHS,
        speed: 1,
      } satisfies ScatterJob)
      const watching = new AbortController()
      const watched = watch(place, watching.signal).then(
        count => {
          looks = count
        },
        error => broken.push(error),
      )
      const edited = editNowAndThen(place, edits, watching.signal)
      try {
        for (let life = 0; life < ground.kills * 2; life++) await pullAndDie(place, life)
      } finally {
        watching.abort()
        await Promise.all([watched, edited])
      }
      writer.tell('stop')
      await writer.succeeds()
      await pullToTheEnd(place)
      files = await filesIn(directoryOf(place))
      found = await contents(place.parent)
      const copy = await place.parent.workingCopy(directoryOf(place))
      conflicts = (await copy.status()).conflicts
      await copy.dispose()
    }, LIMIT)

    test('every file that was ever there was whole', t => {
      t.diagnostic(`${looks} looks`)
      assert.deepEqual(broken, [])
      assert.ok(looks > 10)
    })

    test('what the user edited meanwhile is as they left it (G4)', t => {
      t.diagnostic(`${edits.size} edited, ${conflicts.length} in conflict`)
      for (const [path, version] of edits) assert.equal(versionIn(path, files.get(path) ?? ''), version)
      assert.ok(edits.size > 3)
    })

    test('nothing is in conflict that the user did not edit', () => {
      assert.deepEqual(
        conflicts.filter(path => !edits.has(path)),
        [],
      )
    })

    test('everything else is as the namespace has it', () => {
      const others = (all: Iterable<[string, string]>) => [...all].filter(([path]) => !edits.has(path)).sort()
      assert.deepEqual(others(files), others(Object.entries(found)))
    })

    test('and when all conflicts are settled for the namespace and the rest is pushed, both are the same', async () => {
      const copy = await place.parent.workingCopy(directoryOf(place))
      await copy.settle('theirs')
      await copy.push()
      await copy.dispose()
      assert.deepEqual(Object.fromEntries(await filesIn(directoryOf(place))), await contents(place.parent))
    })
  })
}

const directoryOf = ({ folder }: Place): string => join(folder, '..', 'copy')

/** Every second one dies by its own hand in the midst of a pull, the others at any time. */
async function pullAndDie({ url, folder, fleet }: Place, life: number): Promise<void> {
  const byItself = life % 2 === 0
  const job: PullerJob = {
    url,
    directory: join(folder, '..', 'copy'),
    speed: SPEED,
    ...(byItself && { dieAt: { turn: 1 + randomInt(3), withinMs: PULL_MS } }),
  }
  const member = fleet.start('puller-worker', job)
  if (!byItself) {
    await member.hears('pulled', 1 + randomInt(3))
    await aMoment(200)
    member.kill('SIGKILL')
  }
  const { by, stderr } = await member.ended
  assert.equal(by, 'SIGKILL', stderr)
}

async function pullToTheEnd({ url, folder, fleet }: Place): Promise<void> {
  const last = fleet.start('puller-worker', { url, directory: join(folder, '..', 'copy'), speed: SPEED })
  await last.hears('pulled')
  last.tell('stop')
  await last.succeeds()
}

/** A user edits a file now and then, that the namespace has or not; never one twice, so that nobody waits for them. */
async function editNowAndThen(place: Place, edits: Edits, signal: AbortSignal): Promise<void> {
  for (let i = 0; !signal.aborted; i++) {
    const path = i % 4 === 3 ? `own/${i}` : (PATHS[randomInt(PATHS.length)] ?? '')
    const version = `mine${i}`
    if (!edits.has(path)) {
      edits.set(path, version)
      const aside = join(place.folder, '..', 'aside', String(i))
      await edit(directoryOf(place), path, tellingValue(path, version), aside)
    }
    await sleep(randomInt(EDIT_MS * 2))
  }
}

async function watch(place: Place, signal: AbortSignal): Promise<number> {
  let looks = 0
  for (; !signal.aborted; looks++) {
    for (const [path, text] of await filesIn(directoryOf(place)).catch(ifNotThere)) versionIn(path, text)
    await sleep(5)
  }
  return looks
}

function ifNotThere(error: NodeJS.ErrnoException): Map<string, string> {
  if (error.code === 'ENOENT') return new Map()
  throw error
}
