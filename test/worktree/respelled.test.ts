// A store's URL says where the store is, and how it is spoken to. When only the latter is changed, worktrees keep what they have.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { findConfig } from '../../lib/config.ts'
import { AttachedError } from '../../lib/integrations/worktree/errors.ts'
import { sweepWorktrees } from '../../lib/integrations/worktree/gone.ts'
import { attach, checkoutOf, configToAttach } from '../../lib/integrations/worktree/worktree.ts'
import { openStore } from '../../lib/runlet.ts'
import { isSameStore } from '../../lib/store/open.ts'
import { startS3Server, useTestCredentials } from '../support/s3-server.ts'
import { aNamespace, aRepository } from './support.ts'

useTestCredentials()
const server = await startS3Server()
after(() => server.close())

describe('a store whose URL is spelled otherwise', () => {
  const url = server.url('spelled', 'here')
  const respelled = `${url}&timeoutMs=60000`

  test('is the same store, and another bucket, prefix or service is none', async () => {
    assert.equal(await isSameStore(url, respelled), true)
    assert.equal(await isSameStore(url, `${url}&etag=quoted`), true)
    for (const other of [
      server.url('spelled', 'there'),
      server.url('other', 'here'),
      's3://spelled/here',
      'file:/here',
    ])
      assert.equal(await isSameStore(url, other), false, other)
    assert.equal(await isSameStore('file:/a', 'file:/b'), false)
  })

  test('still has the namespace of a worktree, which nobody else is given, and which the sweep settles', async () => {
    await aNamespace('main', url)
    const repository = await aRepository()
    await writeFile(join(repository.folder, 'runlet.config.json'), JSON.stringify({ store: url, namespace: 'main' }))
    await repository.git(['commit', '-qam', 'configuration'])
    await repository.install('discard')
    const [one, two] = [await repository.worktree('one'), await repository.worktree('two')]
    await repository.put('a', '1', one)
    const { namespace } = await repository.status(one)

    const found = await findConfig({ folder: one }, { RUNLET_STORE: respelled })
    assert.equal(found.namespace, namespace)

    const store = await openStore(respelled)
    const checkout = await checkoutOf(two)
    const config = await configToAttach(checkout, { store: respelled, namespace: 'main' })
    await assert.rejects(attach(store, config, checkout, { name: namespace }), AttachedError)

    await repository.git(['worktree', 'remove', '--force', one])
    const gone = await sweepWorktrees(store, repository.folder, { dryRun: false, keepMs: 1 })
    assert.deepEqual(
      gone.map(each => [each.namespace, each.done]),
      [[namespace, 'discarded']],
    )
    assert.deepEqual(await (await store.namespace('main')).runs(), [])
  })
})
