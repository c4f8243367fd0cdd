// Several clients at once on a store in trouble: each counts in one counter and puts files of its own. The log tells which writes
// happened; the counter is as high as the log has increments, so none was lost to another and none was applied twice (G4, G5).
import assert from 'node:assert/strict'
import { RunletError } from '../../lib/errors.ts'
import { type CommitRecord, ConflictError } from '../../lib/index.ts'
import type { Namespace } from '../../lib/runlet.ts'
import { type Outcome, withinLimit } from './story.ts'

const ROUNDS = 6

/** Every write that was tried, by its message. */
type Tried = Map<string, Outcome>

export async function countTogether(handles: readonly Namespace[], clean: Namespace): Promise<string> {
  const tried: Tried = new Map()
  await Promise.all(handles.map((handle, i) => countOn(handle, `c${i}`, tried)))
  const commits: CommitRecord[] = []
  for await (const commit of clean.log()) commits.push(commit)
  const told = commits.map(({ message = '' }) => message)
  assert.equal(new Set(told).size, told.length, `applied once each: ${told}`)
  for (const message of told) assert.ok(tried.has(message), message)
  for (const [message, outcome] of tried) {
    if (outcome === 'done') assert.ok(told.includes(message), `${message} was acknowledged`)
    if (outcome === CONFLICT) assert.ok(!told.includes(message), `${message} was refused`)
  }
  const count = told.filter(message => message.startsWith('count')).length
  assert.equal(Number(Buffer.from((await clean.get('counter')) ?? '0').toString()), count)
  const puts = told.filter(message => message.startsWith('put')).sort()
  const listed: string[] = []
  for await (const { path } of clean.list('put/')) listed.push(path.replace('/', '-'))
  assert.deepEqual(listed.sort(), puts)
  const failed = [...tried.values()].filter(outcome => outcome !== 'done' && outcome !== CONFLICT).length
  return `${count} counted, ${puts.length} put, ${failed} of unknown outcome or refused`
}

const CONFLICT: Outcome = 'ERR_RUNLET_CONFLICT'

async function countOn(handle: Namespace, name: string, tried: Tried): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const id = `${name}-${round}`
    await attempt(`put-${id}`, tried, message => handle.put(`put/${id}`, id, { message }))
    for (let again = 0; ; again++) {
      const outcome = await attempt(`count-${id}-${again}`, tried, message => {
        return handle.commit(
          async tx => {
            const count = Number(Buffer.from((await tx.get('counter')) ?? '0').toString())
            tx.put('counter', String(count + 1))
          },
          { message },
        )
      })
      if (outcome !== CONFLICT) break
    }
  }
}

async function attempt(message: string, tried: Tried, write: (message: string) => Promise<unknown>): Promise<Outcome> {
  const outcome = await withinLimit(message, write(message)).then(
    (): Outcome => 'done',
    error => {
      if (error instanceof ConflictError) return CONFLICT
      if (error instanceof RunletError) return error.code as Outcome
      throw error
    },
  )
  tried.set(message, outcome)
  return outcome
}
