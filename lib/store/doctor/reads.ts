// Reads: that they see what was written, are spared what has not changed, and can be of a part.
import { withEtagStyle } from './conditions.ts'
import { MEMBERS } from './crew.ts'
import { type Bench, bytes, fails, holds, OTHER_STORE, type Probe, textAt } from './probe.ts'

/** A read that is stale once in a while is seldom caught by a single try. */
const ROUNDS = 5

export const readAfterWrite: Probe = {
  name: 'read after write',
  severity: 'required',
  without: 'a reader can miss commits that were acknowledged',
  async run(bench) {
    const key = bench.key('read')
    for (let round = 0; round < ROUNDS; round++) {
      await bench.store.put(key, bytes(`round ${round}`))
      const texts = [await textAt(bench, key), ...(await textsOfCrew(bench, key))]
      if (texts.some(text => text !== `round ${round}`)) {
        return fails('a get did not see the put that was acknowledged before it', OTHER_STORE)
      }
    }
    return holds(`every get saw the put before it, here and from ${bench.crew.described}`)
  },
}

export const readAfterDelete: Probe = {
  name: 'read after delete',
  severity: 'required',
  without: 'a run that has ended can seem to be open',
  async run(bench) {
    for (let round = 0; round < ROUNDS; round++) {
      const key = bench.key(`gone-${round}`)
      await bench.store.put(key, bytes('there'))
      await bench.store.delete([key])
      const texts = [await textAt(bench, key), ...(await textsOfCrew(bench, key))]
      if (texts.some(text => text !== undefined)) {
        return fails('a get still saw an object whose deletion was acknowledged before it', OTHER_STORE)
      }
    }
    return holds('no get saw what was deleted before it')
  },
}

/** What others read, over connections of their own: a front of the store that lags behind may not be ours. */
async function textsOfCrew({ crew }: Bench, key: string): Promise<(string | undefined)[]> {
  const outcomes = await crew.all(Array.from({ length: MEMBERS }, () => ({ kind: 'read' as const, key })))
  return outcomes.map(({ text }) => text)
}

export const changedGet: Probe = {
  name: 'conditional get, changed',
  severity: 'required',
  without: 'a process goes on with what it read first and never sees a newer commit',
  async run(bench) {
    const key = bench.key('changed')
    const { etag } = await bench.store.put(key, bytes('before'))
    await bench.store.put(key, bytes('after'))
    const answer = await bench.store.get(key, { ifNoneMatch: etag })
    if (answer.status !== 'found') return fails(`a changed object was called ${answer.status}`, OTHER_STORE)
    return holds('a changed object is sent anew')
  },
}

export const unchangedGet: Probe = {
  name: 'conditional get, unchanged',
  severity: 'advice',
  without: 'each look at an unchanged namespace costs the transfer of its head',
  async run(bench) {
    const key = bench.key('unchanged')
    const { etag } = await bench.store.put(key, bytes('the same'))
    const answer = await bench.store.get(key, { ifNoneMatch: etag })
    if (answer.status === 'unchanged') return holds('an unchanged object is not sent again')
    return fails(`an unchanged object was called ${answer.status}`, remedyOfUnchanged(bench))
  },
}

/** Stores that compare etags with their quotes do so here, too. */
function remedyOfUnchanged({ store: { kind, url } }: Bench): string {
  if (kind !== 's3') return OTHER_STORE
  const style = /[?&]etag=quoted/.test(url) ? 'plain' : 'quoted'
  return `If "compare and swap" fails as well, open the store as ${withEtagStyle(url, style)}; else nothing need be done`
}

export const byteRange: Probe = {
  name: 'byte range',
  severity: 'required',
  without: 'values that lie in packs, and large values, cannot be read',
  async run(bench) {
    const key = bench.key('range')
    await bench.store.put(key, bytes('0123456789'))
    const expected = [
      { start: 2, end: 5, text: '2345' },
      { start: 8, end: 99, text: '89' },
      { start: 50, end: 60, text: '' },
    ]
    for (const { start, end, text } of expected) {
      const answer = await bench.store.get(key, { range: { start, end } })
      const got = answer.status === 'found' ? new TextDecoder().decode(answer.body) : answer.status
      if (got === text) continue
      return fails(`bytes ${start} to ${end} of "0123456789" were answered as ${JSON.stringify(got)}`, OTHER_STORE)
    }
    return holds('a part of an object is read, also where it ends')
  },
}
