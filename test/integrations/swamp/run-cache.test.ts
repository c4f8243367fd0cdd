// The cache that a run of swamp has, and what becomes of it.
import assert from 'node:assert/strict'
import { access, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { systemAmbient } from '../../../lib/ambient.ts'
import { runCachePath, tidyRunCaches } from '../../../lib/integrations/swamp/run-cache.ts'

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

describe('the cache of a run', () => {
  const { RUNLET_CACHE } = process.env
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runlet-caches-'))
    process.env.RUNLET_CACHE = join(folder, 'cache')
  })
  after(async () => {
    process.env.RUNLET_CACHE = RUNLET_CACHE
    await rm(folder, { recursive: true, force: true })
  })

  /** As a command left it so many days ago. */
  async function aCache(run: string, days: number): Promise<string> {
    const path = runCachePath('s3://bucket', `swamp/${run}`, '/repo')
    await mkdir(path, { recursive: true })
    await writeFile(join(path, 'file'), '')
    const then = Date.now() / 1000 - days * 86_400
    await utimes(path, then, then)
    return path
  }

  test('is removed by a command of another run when nobody has used it for two weeks, and not before', async () => {
    const [old, recent, own] = await Promise.all([aCache('old', 15), aCache('recent', 13), aCache('own', 20)])
    await tidyRunCaches(own, systemAmbient)
    assert.deepEqual([await exists(old), await exists(recent), await exists(own)], [false, true, true])
    await tidyRunCaches(await aCache('another', 0), systemAmbient)
    assert.equal(await exists(own), true)
  })

  test('is not looked for beside a cache that lies elsewhere', async () => {
    const old = await aCache('forgotten', 15)
    await mkdir(join(folder, 'elsewhere'))
    await tidyRunCaches(join(folder, 'elsewhere', 'cache'), systemAmbient)
    assert.deepEqual([await exists(old), await exists(join(folder, 'elsewhere', 'cache'))], [true, false])
  })
})
