// Small JSON documents in the store: encoding, and decoding that trusts nothing (G10). Anyone with write access to the bucket
// can put anything under a key; what does not parse gives an error that names the key.

import { CorruptObjectError, FormatVersionError } from '../errors.ts'
import * as z from '../vendor/zod.ts'

/** The version of what this runlet writes. A reader refuses a greater one than it knows. */
export const FORMAT = 1
/** Of what holds a row that refers to an object of others: who does not know of such must not read it. */
export const EXTERNAL_FORMAT = 2

/** Of what may hold rows. */
export const rowsFormatSchema = z.union([z.literal(FORMAT), z.literal(EXTERNAL_FORMAT)])

/** Milliseconds since 1970 that a date can show. */
export const timeSchema = z.number().min(-8.64e15).max(8.64e15)

const versioned = z.object({ format: z.unknown() })
const utf8 = new TextDecoder('utf-8', { fatal: true })

export function encodeJson(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value)}\n`)
}

/** Parses one JSON document and validates it. */
export function decodeJson<T>(key: string, body: Uint8Array, schema: z.ZodType<T>): T {
  return validate(key, parseText(key, decodeText(key, body)), schema)
}

export function decodeText(key: string, body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch (cause) {
    throw new CorruptObjectError(key, 'is not UTF-8', { cause })
  }
}

export function parseText(key: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new CorruptObjectError(key, text.trim() === '' ? 'is empty' : 'is not JSON, or is cut short', { cause })
  }
}

/** Checks the format version first, so that a newer document is called newer and not corrupt. */
export function validate<T>(key: string, document: unknown, schema: z.ZodType<T>): T {
  const header = versioned.safeParse(document)
  const format = header.success ? header.data.format : undefined
  if (format !== undefined && format !== FORMAT) {
    const known = knowsFormat(EXTERNAL_FORMAT, document, schema) ? EXTERNAL_FORMAT : FORMAT
    if (format !== known) throw new FormatVersionError(key, shown(format), known)
  }
  return validatePart(key, document, schema)
}

const knowsFormat = (format: number, document: unknown, schema: z.ZodType): boolean => {
  const { error } = schema.safeParse({ ...(document as object), format })
  return !error?.issues.some(({ path }) => path[0] === 'format')
}

/** For what stands in a document whose version is known. */
export function validatePart<T>(key: string, document: unknown, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(document)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const where = issue?.path.join('.') || 'the document'
  throw new CorruptObjectError(key, `is malformed at ${brief(where)}: ${brief(issue?.message ?? 'unknown problem')}`, {
    cause: parsed.error,
  })
}

/** A version, if it is like one: what else stands in its place may be as deep as it likes, and a message shows it. */
const shown = (format: unknown): unknown =>
  typeof format === 'number' ? format : typeof format === 'string' ? brief(format) : typeof format

/** What comes out of the document is not to fill a message. */
const brief = (text: string): string => text.slice(0, 200)
