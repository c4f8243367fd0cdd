// A sync of some models moves what belongs to them, and nothing else.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { InvalidPathError } from '../../../../../lib/errors.ts'
import { DB, VM, type World } from '../world.ts'

export function describeScopes(store: string, fresh: () => Promise<World>): void {
  describe(`on ${store}, a scoped sync`, () => {
    const ALL = {
      'data/aws/ec2/i-1/d/1/raw': '1',
      'data/aws/ec2/i-10/d/1/raw': '10',
      'outputs/aws/ec2/i-1/o.yaml': 'o',
      'definitions-evaluated/aws/ec2/i-1/x.yaml': 'e',
      'definitions-evaluated/aws/ec2/i-1.yaml': 'e',
      'data/aws/rds/d-1/d/1/raw': '2',
      'workflow-runs/w/1.yaml': 'w',
    }

    test('pulls what belongs to the models, and nothing else', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      await a.edit(ALL)
      await a.service.pushChanged()
      const context = { models: [VM] }
      assert.equal(await b.service.pullChanged({ context }), 4)
      const {
        'data/aws/ec2/i-10/d/1/raw': _,
        'data/aws/rds/d-1/d/1/raw': __,
        'workflow-runs/w/1.yaml': ___,
        ...own
      } = ALL
      assert.deepEqual(await b.files(), own)
      await a.edit({ 'data/aws/ec2/i-1/d/2/raw': 'new', 'data/aws/rds/d-1/d/2/raw': 'new' })
      await a.service.pushChanged()
      assert.equal(await b.service.pullChanged({ context }), 1)
      assert.equal(await b.service.pullChanged({ context: { models: [VM, DB] } }), 2)
      assert.equal(await b.service.pullChanged(), 2)
      assert.deepEqual(await b.files(), await a.files())
    })

    test('can be pushed from, without anything being deleted or pulled', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      await a.edit(ALL)
      await a.service.pushChanged()
      await b.service.pullChanged({ context: { models: [DB] } })
      await b.edit({ 'data/aws/rds/d-1/d/2/raw': 'new', 'workflow-runs/w/2.yaml': 'w' })
      assert.equal(await b.service.pushChanged({ context: { models: [DB] } }), 2)
      const added = { 'data/aws/rds/d-1/d/2/raw': 'new', 'workflow-runs/w/2.yaml': 'w' }
      assert.deepEqual(await world.stored(), { ...ALL, ...added })
      assert.deepEqual(await b.files(), { 'data/aws/rds/d-1/d/1/raw': '2', ...added })
    })

    test('leaves what another model’s command has marked to that', async () => {
      const world = await fresh()
      const a = await world.process()
      await a.service.pushChanged()
      for (const model of [VM, DB]) await a.service.pullChanged({ context: { models: [model] } })
      await a.edit({ 'data/aws/ec2/i-1/d/1/half': '1', 'data/aws/rds/d-1/d/1/raw': '2', 'logs/l': 'l' })
      await a.edit({ 'outputs/aws/rds/create/o.yaml': 'o', 'data/nobody/n-1/is-at-work-here': '1' })
      assert.equal(await a.service.pushChanged({ context: { models: [DB] } }), 4)
      await a.write({ 'data/aws/ec2/i-1/d/1/half': 'whole' })
      assert.equal(await a.service.pushChanged({ context: { models: [VM] } }), 1)
      assert.equal((await world.stored())['data/aws/ec2/i-1/d/1/half'], 'whole')
    })

    test('refuses models that lead elsewhere', async () => {
      const { service } = await (await fresh()).process()
      const context = { models: [{ modelType: '..', modelId: 'x' }] }
      await assert.rejects(service.pullChanged({ context }), InvalidPathError)
    })
  })
}
