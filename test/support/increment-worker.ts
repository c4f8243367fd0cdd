// One process of test/store/file-processes.slow.test.ts: increments its own counter in a shared object by compare-and-swap, up to a
// target, and logs each increment once it knows of it: by its acknowledgement or, when nobody could say, by reading it back.
// It may be killed or stopped anywhere, and started again.
//   node --import tsx increment-worker.ts <store folder> <its name> <target> <log file>
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { AmbiguousWrite, PreconditionFailed } from '../../lib/errors.ts'
import { openFileStore } from '../../lib/store/file/file-store.ts'

export interface Count {
  total: number
  readonly counters: Record<string, number>
}

const [folder = '', name = '', target = '0', log = ''] = process.argv.slice(2)
const store = await openFileStore(folder)

async function read() {
  const answer = await store.get('count')
  if (answer.status !== 'found') throw new Error('the count is gone')
  const count: Count = JSON.parse(String(Buffer.from(answer.body)))
  return { count, mine: count.counters[name] ?? 0, etag: answer.etag }
}

/** The increment's version, or undefined when another was faster or nobody can say. */
async function tryIncrement({ count, mine, etag }: Awaited<ReturnType<typeof read>>) {
  const next: Count = { total: count.total + 1, counters: { ...count.counters, [name]: mine + 1 } }
  try {
    return await store.put('count', Buffer.from(JSON.stringify(next)), { condition: { ifMatch: etag } })
  } catch (error) {
    if (error instanceof PreconditionFailed || error instanceof AmbiguousWrite) return undefined
    throw error
  }
}

/** Notes an increment that is known to have happened. An etag is known only of one that was acknowledged. */
function note(increment: number, etag: string): void {
  appendFileSync(log, `${increment} ${etag}\n`)
  process.send?.(increment)
}

const noted = existsSync(log) ? Number(readFileSync(log, 'utf8').trim().split('\n').at(-1)?.split(' ')[0]) : 0
let known = (await read()).mine
for (;;) {
  const now = await read()
  if (now.mine < Math.max(known, noted)) throw new Error(`increment ${known} was acknowledged, and is lost`)
  if (now.mine > known) note(++known, 'read-back')
  if (now.mine >= Number(target)) break
  const made = await tryIncrement(now)
  if (made) note(++known, made.etag)
}
process.disconnect?.()
