// What the doctor's tests share: stores that break a promise, and looking into its report.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Ambient, systemAmbient } from '../../../lib/ambient.ts'
import { type Check, type DoctorOptions, type DoctorReport, examine } from '../../../lib/store/doctor.ts'
import { MemoryBucket, MemoryStore } from '../../../lib/store/memory/memory-store.ts'
import type { ObjectStore } from '../../../lib/store/object-store.ts'
import { openObjectStore } from '../../../lib/store/open.ts'
import { ROOT } from '../../support/programs.ts'

const LIBRARY = pathToFileURL(join(ROOT, 'dist', 'index.js')).href

/** The real surroundings, but sleeping takes no time. */
export const sleepless: Ambient = { ...systemAmbient, sleep: async () => {} }

/** Sleeping takes no time, and what goes on until a time has passed is over soon. */
export const hurried: Ambient = { ...sleepless, monotonic: () => 10 * systemAmbient.monotonic() }

/** How the doctor opens the store with another URL, as `store.doctor()` has it. */
export const open = (url: string) => openObjectStore(url, systemAmbient, { folder: '/' })

/** Examines from several threads, as users do: with the package as it is built, since threads load no TypeScript on Node 20. */
export async function examineFromThreads(url: string, options?: DoctorOptions): Promise<DoctorReport> {
  const { openStore } = (await import(LIBRARY)) as typeof import('../../../lib/index.ts')
  const store = await openStore(url)
  try {
    return await store.doctor(options)
  } finally {
    await store.close()
  }
}

export const failed = (report: DoctorReport): string[] =>
  report.checks.filter(check => !check.ok).map(check => check.name)

export function checkOf(report: DoctorReport, name: string): Check {
  const check = report.checks.find(one => one.name === name)
  assert.ok(check, `there is no check "${name}"`)
  return check
}

export async function keysIn(store: ObjectStore): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list({ prefix: '' })) keys.push(key)
  return keys
}

/** A memory store that breaks a promise: its own methods, as given, over those of a good one. */
export function aStoreWith(make: (good: MemoryStore, bucket: MemoryBucket) => Partial<ObjectStore>): ObjectStore {
  const bucket = new MemoryBucket()
  const good = new MemoryStore({ bucket })
  const store: ObjectStore = {
    url: 's3://bucket/prefix?region=eu-west-1',
    kind: 's3',
    get: (key, options) => good.get(key, options),
    put: (key, body, options) => good.put(key, body, options),
    delete: keys => good.delete(keys),
    list: options => good.list(options),
    close: () => good.close(),
  }
  return Object.assign(store, make(good, bucket))
}

export async function examineWith(make: Parameters<typeof aStoreWith>[0]): Promise<DoctorReport> {
  return examine(aStoreWith(make), sleepless)
}

/** How long a round trip takes, and how often a key can be swapped, is the machine's affair. */
export function assertHealthy(report: DoctorReport): void {
  assert.deepEqual(
    failed(report).filter(name => name !== 'round trip' && name !== 'write rate to one key'),
    [],
  )
  assert.equal(report.ok, true)
  assert.ok(report.checks.length >= 24)
}
