// The block that tells swamp of runlet, and what it tells.
import assert from 'node:assert/strict'
import type { Row } from './row.ts'

export const SWAMP_SETUP: Row = { language: 'sh', has: /^swamp datastore setup extension/ }

export function swampConfigIn(text: string): Record<string, string> {
  const config = /swamp datastore setup extension @runlet\/runlet[\s\\]+--config '(\{.*?\})'/s.exec(text)?.[1]
  assert.ok(config, 'no configuration for swamp was found')
  return JSON.parse(config)
}
