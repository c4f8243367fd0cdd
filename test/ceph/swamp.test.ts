// The datastore of swamp on a real Ceph RADOS gateway, held to swamp's contract; and with credentials that the gateway does not take.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { datastore } from '../../lib/integrations/swamp/datastore.ts'
import { contractSuite } from '../integrations/swamp/conformance/suite.ts'
import { cephUrl } from './gateway.ts'

let worlds = 0
contractSuite('Ceph', () => cephUrl(`swamp/world-${worlds++}`))

test('the verifier tells of a secret key that is wrong, and does not repeat it', async () => {
  const { AWS_SECRET_ACCESS_KEY: right } = process.env
  process.env.AWS_SECRET_ACCESS_KEY = 'not-the-secret-key'
  try {
    const health = await datastore
      .createProvider({ store: cephUrl('swamp/denied') })
      .createVerifier()
      .verify()
    assert.deepEqual([health.healthy, health.details.code], [false, 'ERR_RUNLET_ACCESS_DENIED'])
    assert.ok(!JSON.stringify(health).includes('not-the-secret-key'))
  } finally {
    process.env.AWS_SECRET_ACCESS_KEY = right
  }
})
