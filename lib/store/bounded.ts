// How large an object may be that is read whole. Anyone with write access to the bucket can put a gigabyte under the key of a head;
// no reader may fill its memory with that (G10).
import { CorruptObjectError } from '../errors.ts'

/** Of a JSON document. A head is some kilobytes; the greatest is a refusal that names hundreds of thousands of paths. */
export const MAX_DOCUMENT_BYTES = 32 * 1024 * 1024

/** @throws CorruptObjectError when an object has more bytes than its reader allows */
export function assertNoLarger(key: string, bytes: number, maxBytes: number | undefined): void {
  if (maxBytes !== undefined && bytes > maxBytes)
    throw new CorruptObjectError(key, `is larger than ${maxBytes} bytes, which it cannot be`)
}
