// PLACEHOLDER
import type { Ambient } from '../ambient.ts'
import type { ObjectStore } from './object-store.ts'
export interface DoctorReport {
  readonly ok: boolean
}
export async function examine(
  _s: ObjectStore,
  _a: Ambient,
  _o: { onProgress?: (line: string) => void },
): Promise<DoctorReport> {
  return { ok: false }
}
