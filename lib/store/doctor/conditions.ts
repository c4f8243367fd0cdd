// The conditional puts, one writer at a time: create if absent, compare and swap, and the etags that it names versions by.
// All correctness rests on these (G4, G5, G7); the races are tried in races.ts.
import type { Etag } from '../../names.ts'
import { attempt, type Bench, bytes, type Finding, fails, holds, OTHER_STORE, type Probe } from './probe.ts'

export const createIfAbsent: Probe = {
  name: 'create if absent',
  severity: 'required',
  without: 'two writers can both believe that they made the same namespace, run or lease',
  async run(bench) {
    const key = bench.key('create')
    const condition = { ifNoneMatch: '*' } as const
    if ((await attempt(bench, key, { text: 'first', condition })) === 'refused') {
      return fails('a create of a key that nobody has was refused', OTHER_STORE)
    }
    if ((await attempt(bench, key, { text: 'second', condition })) === 'written') {
      return fails(
        'a second create of the same key was accepted: the store ignores If-None-Match on a put',
        OTHER_STORE,
      )
    }
    return holds('a second create of the same key was refused')
  },
}

export const compareAndSwap: Probe = {
  name: 'compare and swap',
  severity: 'required',
  without: "a writer can overwrite another's commit, or none can ever commit",
  async run(bench) {
    const key = bench.key('swap')
    const swap = (text: string, ifMatch: Etag) => attempt(bench, key, { text, condition: { ifMatch } })
    const { etag: stale } = await bench.store.put(key, bytes('first'))
    const { etag: current } = await bench.store.put(key, bytes('second'))
    if ((await swap('third', stale)) === 'written') return ignoresIfMatch('that was overwritten before')
    if ((await swap('fourth', current)) === 'refused') return refusesCurrent(bench, key)
    await bench.store.delete([key])
    if ((await swap('fifth', current)) === 'written') return ignoresIfMatch('of an object that was deleted')
    return holds(`the current etag was accepted, a stale one was refused${styleOf(bench.store)}`)
  },
}

function ignoresIfMatch(which: string): Finding {
  return fails(`a put with the etag ${which} was accepted: the store ignores If-Match on a put`, OTHER_STORE)
}

/** Tries whether the store would take the etag as it is not sent now: with its quotes, or without. */
async function refusesCurrent(bench: Bench, key: string): Promise<Finding> {
  const { kind, url } = bench.store
  const said = 'a put with the current etag was refused'
  if (kind !== 's3' || !bench.open) return fails(said, OTHER_STORE)
  const isQuoted = asksForQuotes(url)
  const otherUrl = withEtagStyle(url, isQuoted ? 'plain' : 'quoted')
  const store = await bench.open(otherUrl)
  try {
    const { etag: ifMatch } = await store.put(key, bytes('sixth'))
    const outcome = await attempt({ ...bench, store }, key, { text: 'seventh', condition: { ifMatch } })
    if (outcome === 'refused') return fails(`${said}, with its quotes and without`, OTHER_STORE)
  } finally {
    await store.close()
  }
  const how = isQuoted ? 'without' : 'with'
  return fails(`${said}: the store wants the etag ${how} its quotes`, `Open the store as ${otherUrl}`)
}

const asksForQuotes = (url: string): boolean => /[?&]etag=quoted/.test(url)

const styleOf = ({ kind, url }: Bench['store']): string =>
  kind === 's3' ? ` (sent ${asksForQuotes(url) ? 'with' : 'without'} quotes)` : ''

/** The URL with another `etag=` parameter. */
export function withEtagStyle(url: string, style: 'plain' | 'quoted'): string {
  const bare = url.replace(/[?&]etag=[^&]*/, '').replace(/^([^?&]*)&/, '$1?')
  return `${bare}${bare.includes('?') ? '&' : '?'}etag=${style}`
}

export const etags: Probe = {
  name: 'etags',
  severity: 'required',
  without: 'a version cannot be told from the one before it, and a lost update goes unnoticed',
  async run(bench) {
    const key = bench.key('etags')
    const seen: Etag[] = []
    for (const text of ['one', 'two', 'six']) {
      const { etag } = await bench.store.put(key, bytes(text))
      const answer = await bench.store.get(key)
      if (answer.status !== 'found' || answer.etag !== etag) {
        return fails('the etag that a put answered is not the one that a get answers', OTHER_STORE)
      }
      seen.push(etag)
    }
    if (new Set(seen).size < seen.length) return fails('an object was changed and kept its etag', OTHER_STORE)
    return holds('each change of an object changed its etag, and put and get agree on it')
  },
}
