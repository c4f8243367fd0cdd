// What a hostile writer does to stored documents: takes a valid one and changes its structure (types, keys, numbers, depth) or its bytes,
// or puts something else in its place. As arbitraries of fast-check, which shrink to the least change that does harm.
import fc from 'fast-check'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** Stands in a document for text that JSON.stringify cannot make, and is replaced by it. */
const RAW: Readonly<Record<string, string>> = {
  '@deep@': '['.repeat(20_000) + ']'.repeat(20_000),
  '@deep object@': `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
  '@infinite@': '1e999',
  '@no number@': 'NaN',
  '@prototype@': '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
  '@surrogate@': '"a\\ud800"',
}

const nastyText = fc.oneof(
  fc.constantFrom(
    '',
    '../x',
    '/x',
    'a/../../x',
    'a\0',
    'C:\\x',
    '.git/hooks/x',
    '__proto__',
    'constructor',
    '\u200c',
    'e\u0301',
  ),
  fc.constantFrom('x'.repeat(5_000), 'ns/p/_/head', '\u001b[2J', 'p/r', 'p', 'a'.repeat(64), 'YQ==', '0'.repeat(20)),
  fc.string({ unit: 'binary', maxLength: 20 }),
)
const nastyNumber = fc.oneof(
  fc.constantFrom(0, -0, -1, 1.5, 2 ** 31, 2 ** 32, 2 ** 53, Number.MAX_SAFE_INTEGER, 1e300, -1e300, 5e-324),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
)
const nasty: fc.Arbitrary<Json> = fc.oneof(
  nastyText,
  nastyNumber,
  fc.constantFrom<Json>(null, true, false, [], {}, [[]], [null], Array(500).fill(null)),
  fc.constantFrom(...Object.keys(RAW)),
)

interface Change {
  readonly at: number
  readonly how: 'replace' | 'delete' | 'add' | 'double' | 'reverse' | 'exchange'
  readonly by: Json
  readonly key: string
}

const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(),
  how: fc.constantFrom('replace', 'replace', 'replace', 'delete', 'delete', 'add', 'double', 'reverse', 'exchange'),
  by: nasty,
  key: fc.constantFrom('__proto__', 'constructor', 'toString', 'format', 'x', '', 'length'),
})

/** Every place in a document that something can be put in. */
function placesOf(node: Json, places: [Record<string, Json>, string][] = []): [Record<string, Json>, string][] {
  if (typeof node !== 'object' || node === null) return places
  const parent = node as Record<string, Json>
  for (const key of Object.keys(parent)) {
    places.push([parent, key])
    placesOf(parent[key] as Json, places)
  }
  return places
}

function changed(document: Json, changes: readonly Change[]): Json {
  const root = { document: structuredClone(document) }
  for (const { at, how, by: shared, key } of changes) {
    const by = structuredClone(shared)
    const places = placesOf(root)
    const [parent, name] = places[at % places.length] as [Record<string, Json>, string]
    const here = parent[name] as Json
    if (how === 'replace') parent[name] = by
    else if (how === 'delete' && parent !== root)
      Array.isArray(parent) ? parent.splice(Number(name), 1) : delete parent[name]
    else if (how === 'double' && Array.isArray(here)) here.push(...structuredClone(here))
    else if (how === 'reverse' && Array.isArray(here)) here.reverse()
    else if (how === 'add' && typeof here === 'object' && here !== null && !Array.isArray(here))
      Object.defineProperty(here, key, { value: by, enumerable: true, configurable: true, writable: true })
    else if (how === 'exchange') parent[name] = structuredClone((places[(at * 7) % places.length] as [never, never])[0])
  }
  return root.document
}

/** As text, with what stands for raw text replaced. */
export const textOf = (document: Json): string =>
  (JSON.stringify(document) ?? '').replace(/"(@[a-z ]+@)"/g, (whole, name: string) => RAW[name] ?? whole)

/** Documents that were valid before their structure was changed, as text. */
export const changedText = (documents: readonly Json[]): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...documents), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([document, changes]) => textOf(changed(document, changes)))

interface Damage {
  readonly how: 'flip' | 'cut' | 'insert' | 'repeat' | 'append'
  readonly at: number
  readonly bytes: Uint8Array
}

const damage: fc.Arbitrary<Damage> = fc.record({
  how: fc.constantFrom('flip', 'flip', 'cut', 'insert', 'repeat', 'append'),
  at: fc.nat(),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
})

function damaged(body: Uint8Array, { how, at, bytes }: Damage): Uint8Array {
  const place = body.length === 0 ? 0 : at % body.length
  const [before, after] = [body.subarray(0, place), body.subarray(place)]
  if (how === 'cut') return before
  if (how === 'insert') return Buffer.concat([before, bytes, after])
  if (how === 'append') return Buffer.concat([body, bytes])
  if (how === 'repeat') return Buffer.concat([before, after.subarray(0, 50), after])
  const flipped = Uint8Array.from(body)
  bytes.forEach((byte, i) => {
    if (place + i < flipped.length) flipped[place + i] = byte
  })
  return flipped
}

/** What was valid before its bytes were damaged, or never was. */
export const damagedBytes = (bodies: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom(...bodies), fc.array(damage, { minLength: 1, maxLength: 3 }))
        .map(([body, damages]) => damages.reduce(damaged, body)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
    { weight: 1, arbitrary: fc.json().map(text => Buffer.from(text)) },
  )

/** All that can lie in the place of one of these documents. */
export const hostileBytes = (documents: readonly Json[]): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    { weight: 3, arbitrary: changedText(documents).map(text => Buffer.from(text)) },
    { weight: 1, arbitrary: damagedBytes(documents.map(document => Buffer.from(textOf(document)))) },
  )
