// Listings: that they see every put and delete before them, in byte order, whole, and from any point on.
import { compareBytes } from '../../names.ts'
import { MEMBERS } from './crew.ts'
import { type Bench, bytes, type Finding, fails, holds, keysOf, OTHER_STORE, type Probe } from './probe.ts'

const ROUNDS = 5
const KEYS = 48
const AT_ONCE = 8

export const listAfterWrite: Probe = {
  name: 'list after write',
  severity: 'required',
  without: 'commits that wait are overlooked, and a sweep can delete what an open run still reaches',
  async run(bench) {
    for (let round = 0; round < ROUNDS; round++) {
      const key = bench.key(`listed/${round}`)
      await bench.store.put(key, bytes('there'))
      const lists = await listsOfAll(bench, `${bench.prefix}listed/`)
      if (lists.some(keys => !keys.includes(key)))
        return fails('a listing lacks an object that was put before it', OTHER_STORE)
    }
    return holds(`every listing showed the put before it, here and from ${bench.crew.described}`)
  },
}

export const listAfterDelete: Probe = {
  name: 'list after delete',
  severity: 'required',
  without: 'runs that have ended seem to be open, and keep their data alive',
  async run(bench) {
    const prefix = `${bench.prefix}unlisted/`
    const keys = Array.from({ length: ROUNDS }, (_, i) => bench.key(`unlisted/${i}`))
    await Promise.all(keys.map(key => bench.store.put(key, bytes('there'))))
    for (const key of keys) {
      await bench.store.delete([key])
      const lists = await listsOfAll(bench, prefix)
      if (lists.some(listed => listed.includes(key)))
        return fails('a listing still shows an object that was deleted before it', OTHER_STORE)
    }
    return holds('no listing showed what was deleted before it')
  },
}

/** What a listing shows here, and to others over connections of their own. */
async function listsOfAll(bench: Bench, prefix: string): Promise<(readonly string[])[]> {
  const here = await keysOf(bench, { prefix })
  const outcomes = await bench.crew.all(Array.from({ length: MEMBERS }, () => ({ kind: 'list' as const, prefix })))
  return [here, ...outcomes.map(({ keys }) => keys)]
}

export const listOrder: Probe = {
  name: 'list order and paging',
  severity: 'required',
  without: 'listings are read in part, so that commits and runs are overlooked',
  async run(bench) {
    const prefix = `${bench.prefix}many/`
    const nothing = compare('a listing', await keysOf(bench, { prefix }), [])
    if (nothing) return nothing
    const keys = await putManyKeys(bench)
    const middle = keys[KEYS / 2] ?? ''
    return (
      compare('a listing', await keysOf(bench, { prefix }), keys) ??
      compare('a listing of a part', await keysOf(bench, { prefix: `${prefix}1` }), startingWith(`${prefix}1`, keys)) ??
      compare('a listing after a key', await keysOf(bench, { prefix, startAfter: middle }), after(middle, keys)) ??
      compare('a listing by folder', await keysOf(bench, { prefix, delimiter: '/' }), rolledUp(prefix, keys)) ??
      holds(`${keys.length} keys were listed in byte order, whole, in part, after a key and by folder`)
    )
  },
}

/** Keys of which the byte order is not the alphabetical one, some of them in folders. Returned in byte order. */
async function putManyKeys(bench: Bench): Promise<string[]> {
  const names = ['a', 'a-b', 'a.b', 'a~b', 'a_b', 'a/b', 'ab', 'b/c']
  const keys = Array.from({ length: KEYS }, (_, i) => bench.key(`many/${i % 7}${names[i % names.length]}-${i}`))
  for (let i = 0; i < keys.length; i += AT_ONCE) {
    await Promise.all(keys.slice(i, i + AT_ONCE).map(key => bench.store.put(key, bytes(key))))
  }
  return keys.sort(compareBytes)
}

const startingWith = (prefix: string, keys: readonly string[]) => keys.filter(key => key.startsWith(prefix))
const after = (start: string, keys: readonly string[]) => keys.filter(key => compareBytes(key, start) > 0)

function rolledUp(prefix: string, keys: readonly string[]): string[] {
  const folders = keys.map(key => {
    const cut = key.indexOf('/', prefix.length)
    return cut === -1 ? key : key.slice(0, cut + 1)
  })
  return [...new Set(folders)].sort(compareBytes)
}

/** What is wrong with a listing; undefined when nothing is. */
function compare(which: string, listed: readonly string[], expected: readonly string[]): Finding | undefined {
  const missing = expected.filter(key => !listed.includes(key))
  if (missing.length > 0) return fails(`${which} lacks ${missing.length} of ${expected.length} keys`, OTHER_STORE)
  const surplus = listed.filter(key => !expected.includes(key))
  if (surplus.length > 0) return fails(`${which} shows ${surplus.length} keys that were not asked for`, OTHER_STORE)
  if (listed.length > expected.length) return fails(`${which} shows a key twice`, OTHER_STORE)
  if (listed.some((key, i) => key !== expected[i])) return fails(`${which} is not in byte order`, OTHER_STORE)
  return undefined
}
