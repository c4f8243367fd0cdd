// Values that tell which path they belong to, which version of it they are, and whether they are whole: whoever finds one anywhere can
// judge it. Most are small, some lie in objects of their own, a few take several reads.
import { createHash } from 'node:crypto'

const SIZES = [20, 20, 90, 90, 400, 400, 3_000, 6_000]
/** One in so many is this large. */
const RARELY = 60
const LARGE = 300_000

export function tellingValue(path: string, version: string): string {
  const seed = createHash('sha256').update(`${path} ${version}`).digest()
  const size = seed.readUInt16BE(0) % RARELY === 0 ? LARGE : (SIZES[seed.readUInt8(2) % SIZES.length] ?? 0)
  const filler = seed
    .toString('hex')
    .repeat(Math.ceil(size / 64))
    .slice(0, size)
  return `${path} ${version} ${sha256(filler)}\n${filler}`
}

/** The version that a value says it is; throws when it is not whole, or of another path. */
export function versionIn(path: string, value: string): string {
  const end = value.indexOf('\n')
  const [said, version, hash] = value.slice(0, end).split(' ')
  if (end === -1 || said !== path || !version || hash !== sha256(value.slice(end + 1))) {
    throw new Error(`${path} holds ${value.length} characters that are no whole value of it: ${value.slice(0, 120)}`)
  }
  return version
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
