// Ages and sizes as rules say them: `30d`, `10GB`, or plain numbers of milliseconds and bytes. Pure.

const AGES = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const
/** Powers of 1000, and of 1024 with an `i`, as everywhere. */
const SIZES = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const
const QUANTITY = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/

/** Milliseconds; undefined when it is no age. */
export const parseAge = (given: string | number): number | undefined => parse(given, AGES)
/** Bytes; undefined when it is no size. */
export const parseSize = (given: string | number): number | undefined => parse(given, SIZES)

function parse(given: string | number, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof given === 'number') return isSane(given) ? given : undefined
  const [, number, unit] = QUANTITY.exec(given) ?? []
  const factor = unit !== undefined && Object.hasOwn(units, unit) ? units[unit] : undefined
  if (factor === undefined) return undefined
  const value = Math.round(Number(number) * factor)
  return isSane(value) ? value : undefined
}

const isSane = (value: number): boolean => Number.isSafeInteger(value) && value > 0
