// The bucket policies of lib/SECURITY.md, read from there, on a real gateway with real users: a parent's writer, a run that may
// only write below its own prefix, and a reader. What each may do works, and what it may not do is refused by name and leaves
// every object of the parent as it was.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { AccessDeniedError, CorruptObjectError, type Namespace, type Run } from '../../lib/index.ts'
import type { Etag } from '../../lib/names.ts'
import type { Store } from '../../lib/runlet.ts'
import type { ObjectStore } from '../../lib/store/object-store.ts'
import type { S3Store } from '../../lib/store/s3/s3-store.ts'
import { BUCKET_POLICY, REFRESH_STATEMENT } from '../readme/documents.ts'
import { blockOf, type Row } from '../readme/row.ts'
import { contents, text } from '../support/world.ts'
import { cephBucket } from './gateway.ts'
import { as, aUser, objectsOf, setPolicy, storeOf, type User } from './users.ts'

const PREFIX = 'policies'
const PARENT = 'control-plane'
const RUN = 'build-1742'
const OWN = `ns/${PARENT}/${RUN}/`
const LARGE = 'x'.repeat(10_000)

const policy: { Statement: unknown[] } = policyOf(BUCKET_POLICY)
const refreshStatement: unknown = policyOf(REFRESH_STATEMENT)

/** A block of README, with the bucket and prefix of this test in place of the page's. */
function policyOf(row: Row) {
  const { text } = blockOf(row)
  const here = text.replaceAll('arn:aws:s3:::my-bucket', `arn:aws:s3:::${cephBucket().name}`)
  return JSON.parse(here.replaceAll('/pipelines/', `/${PREFIX}/`))
}

const opened: { close(): Promise<void> }[] = []
after(() => Promise.all(opened.map(store => store.close())))

let users: { writer: User; run: User; reader: User }
/** The bare objects as the parent's writer may see them; the bucket's owner may not read what others wrote. */
let all: S3Store
/** The parent as its writer has it. */
let parent: Namespace
let stores: { writer: Store; run: Store; reader: Store }

before(async () => {
  const [writer, run, reader] = await Promise.all([aUser('writer'), aUser(RUN), aUser('reader')])
  users = { writer, run, reader }
  await setPolicy(policy)
  all = await objectsOf(writer, PREFIX)
  stores = {
    writer: await storeOf(writer, PREFIX),
    run: await storeOf(run, PREFIX),
    reader: await storeOf(reader, PREFIX),
  }
  opened.push(all, ...Object.values(stores))
  parent = await stores.writer.namespace(PARENT, { create: true })
  await aFullParent()
})

/** Values of every kind of place, a run that was folded, one that is open, one that was discarded, a lock that was held, an index that was compacted. */
async function aFullParent(): Promise<void> {
  const packed = Array.from({ length: 80 }, (_, i) => parent.put(`packed/${i}`, `value ${i} `.repeat(200)))
  await Promise.all(packed)
  const folded = await parent.fork('folded')
  await folded.put('of-a-folded-run', LARGE)
  await folded.fold()
  await parent.compact()
  for (let i = 0; i < 70; i++) await parent.put('counted', String(i))
  await parent.put('large', LARGE)
  await parent.put('small', 'small')
  await parent.lock('deploy', () => undefined)
  const other = await parent.fork('other')
  await other.put('secret-of-nobody', 'other')
  await other.release()
  await (await parent.fork('discarded')).discard()
  await parent.idle()
}

/** The run, made by the parent's writer and given up, then taken over by the run's user. */
async function theRun(): Promise<Run> {
  const run = await parent.fork(RUN)
  await run.put('by-the-writer', '1')
  await run.release()
  return (await stores.run.namespace(PARENT)).resume(RUN)
}

/** Every object of the store that is not the run's, by its etag. */
async function outside(): Promise<Map<string, Etag>> {
  const etags = new Map<string, Etag>()
  for await (const { key } of all.list({ prefix: '' })) {
    const answer = key.startsWith(OWN) ? undefined : await all.get(key)
    if (answer?.status === 'found') etags.set(key, answer.etag)
  }
  return etags
}

async function isRefused(what: string, attempt: () => Promise<unknown>): Promise<void> {
  await assert.rejects(
    attempt,
    (error: Error) => {
      assert.ok(error instanceof AccessDeniedError, `${what}: ${error.stack}`)
      assert.match(error.message, /^store: \w+ "\S+" was refused: AccessDenied.*bucket policy for this prefix\.$/, what)
      return true
    },
    what,
  )
}

/** Attempts on every kind of object that is there, and on the names of new ones. */
async function triesEverythingOn(objects: ObjectStore, keys: Iterable<string>): Promise<void> {
  for (const key of keys) {
    const found = await objects.get(key)
    const etag = found.status === 'found' ? found.etag : ('none' as Etag)
    const body = Buffer.from('forged')
    await isRefused(`put ${key}`, () => objects.put(key, body))
    await isRefused(`swap ${key}`, () => objects.put(key, body, { condition: { ifMatch: etag } }))
    await isRefused(`delete ${key}`, () => objects.delete([key]))
    const fresh = `${key}-forged`
    await isRefused(`create ${fresh}`, () => objects.put(fresh, body, { condition: { ifNoneMatch: '*' } }))
    await isRefused(`stream to ${fresh}`, () =>
      objects.put(
        fresh,
        (async function* () {
          yield body
        })(),
      ),
    )
  }
}

describe("a run's user", () => {
  test("does all of a run's work", async () => {
    const run = await theRun()
    assert.equal(text(await run.get('small')), 'small')
    assert.equal(text(await run.get('large')), LARGE)
    assert.equal(text(await run.get('of-a-folded-run')), LARGE)
    assert.equal(text(await run.get('packed/7')), 'value 7 '.repeat(200))
    await run.put('small', 'changed')
    await run.put('large', LARGE.toUpperCase())
    await run.put(
      'streamed',
      (async function* () {
        for (let i = 0; i < 20; i++) yield Buffer.alloc(1024 * 1024, i)
      })(),
    )
    await run.delete('packed/0')
    await run.commit(async tx => tx.put('count', `${text(await tx.get('small'))}!`), { message: 'both' })
    await run.lock('within', async lock => run.put('locked', 'yes', { lock }))
    await Promise.all(Array.from({ length: 20 }, (_, i) => run.put(`many/${i}`, String(i))))
    await run.compact()
    const nested = await run.fork('part')
    await nested.put('of-a-nested-run', 'n')
    await nested.fold()
    const folder = await mkdtemp(join(tmpdir(), 'runlet-policies-'))
    const copy = await run.workingCopy(folder, { prefix: 'many/' })
    await copy.pull()
    await writeFile(join(folder, 'many/3'), 'by the copy').catch(() => writeFile(join(folder, '3'), 'by the copy'))
    await copy.push()
    await rm(folder, { recursive: true })
    assert.equal((await run.stat('streamed'))?.size, 20 * 1024 * 1024)
    assert.equal(text(await run.get('count')), 'changed!')
    assert.equal(text(await run.get('of-a-nested-run')), 'n')
    assert.equal(text(await run.get('many/3')), 'by the copy')
    assert.equal(await run.get('packed/0'), undefined)
    const log = []
    for await (const commit of run.log()) log.push(commit)
    assert.ok(log.length > 5)
    assert.ok((await run.locks()).some(({ name }) => name.includes('within')))
    await run.release()
  })

  test('cannot refresh without a right to its own pins, and stays where it was', async () => {
    const run = await (await stores.run.namespace(PARENT)).resume(RUN)
    await parent.put('meanwhile', 'news')
    const before = await outside()
    await isRefused('refresh', () => run.refresh())
    assert.deepEqual(await outside(), before)
    assert.equal(await run.get('meanwhile'), undefined)
    await setPolicy({ ...policy, Statement: [...policy.Statement, refreshStatement] })
    await run.refresh()
    await setPolicy(policy)
    assert.equal(text(await run.get('meanwhile')), 'news')
    await run.release()
  })

  test('can change no object of the parent, of its other runs or of the store', async () => {
    const before = await outside()
    assert.deepEqual([...new Set([...before.keys()].map(kindOf))].sort(), [
      '',
      'forks',
      'garbage',
      'head',
      'history',
      'index',
      'lease',
      'packs',
      'values',
    ])
    const objects = await objectsOf(users.run, PREFIX)
    opened.push(objects)
    const names = ['queue/0', 'garbage/0', 'forks/0~other~0'].map(name => `ns/${PARENT}/_/${name}`)
    await triesEverythingOn(objects, [...oneOfEachKind(before.keys()), ...names])
    assert.deepEqual(await outside(), before)
  })

  test("has nothing outside its run deleted by the writer's sweep, whatever the lists that it has planted name", async () => {
    const objects = await objectsOf(users.run, PREFIX)
    opened.push(objects)
    const before = await outside()
    const keys = [...before.keys()].map(key => /^ns\/(.+)\/_\/(values|index|packs|history)\/(.+)$/.exec(key) ?? [])
    const items = keys.flatMap(([, home, kind, id]) => (kind ? [{ kind, in: home, id, bytes: 1 }] : []))
    assert.ok(new Set(items.map(({ kind }) => kind)).size === 4 && items.some(item => item.in === `${PARENT}/folded`))
    const lists = { items, ended: ['folded', 'other'].map(id => `${PARENT}/${id}`) }
    for (const [name, list] of Object.entries(lists)) {
      const planted = `${OWN}_/garbage/abcdefgh-${name}~${name === 'items' ? items.length : 0}~1~ripe`
      await objects.put(planted, Buffer.from(JSON.stringify({ format: 1, seq: 0, items: [], [name]: list })))
    }
    const { problems } = await stores.writer.sweep({ namespace: `${PARENT}/${RUN}` })
    assert.equal(problems.length, 2)
    assert.deepEqual(await outside(), before)
  })

  test("is refused each call on the parent, and on its parent's other runs", async () => {
    const before = await outside()
    const theirs = await stores.run.namespace(PARENT)
    assert.deepEqual(await contents(theirs), await contents(parent))
    await isRefused('put', () => theirs.put('small', 'forged'))
    await isRefused('put of a large value', () => theirs.put('small', LARGE))
    await isRefused('delete', () => theirs.delete('small'))
    await isRefused('commit', () => theirs.commit(tx => tx.put('small', 'forged')))
    await isRefused('lock', () => theirs.lock('deploy', () => assert.fail('it has the lock')))
    await isRefused('compact', () => theirs.compact())
    await isRefused('resume', () => theirs.resume('other'))
    await isRefused('fork', () => theirs.fork('another'))
    await isRefused('creating a namespace', () => stores.run.namespace('mine', { create: true }))
    const elsewhere = await stores.run.namespace(`${PARENT}/other`)
    await isRefused('put to another run', () => elsewhere.put('small', 'forged'))
    assert.deepEqual(await outside(), before)
  })

  test('cannot fold: that seals the run and changes nothing else; no sweep folds it, the writer does', async () => {
    const run = await (await stores.run.namespace(PARENT)).resume(RUN)
    const [content, before] = [await contents(run), await outside()]
    await isRefused('fold', () => run.fold())
    await run.release()
    assert.deepEqual(await outside(), before)
    assert.equal(text(await parent.get('small')), 'small')
    const { runs } = await stores.writer.sweep({ namespace: PARENT })
    assert.deepEqual(
      runs.filter(({ name }) => name.endsWith(RUN)),
      [{ name: `${PARENT}/${RUN}`, was: 'sealed', done: 'kept' }],
    )
    assert.equal(text(await parent.get('small')), 'small')
    const { rows } = await (await parent.resume(RUN)).fold()
    assert.ok(rows > 20)
    assert.deepEqual(await contents(parent), content)
  })

  test('that goes on writing below its prefix after the fold is found out by whoever reads', async () => {
    const objects = await objectsOf(users.run, PREFIX)
    opened.push(objects)
    for await (const { key } of all.list({ prefix: `${OWN}_/values/` })) await objects.put(key, Buffer.from('forged'))
    const fresh = await (await storeOf(users.reader, PREFIX)).namespace(PARENT)
    await assert.rejects(fresh.get('large'), CorruptObjectError)
    assert.equal(text(await fresh.get('small')), 'changed')
  })

  test('discards what it wrote', async () => {
    const run = await theRun()
    const before = await outside()
    await run.discard()
    assert.deepEqual(await outside(), before)
    await assert.rejects(run.put('a', '1'), { code: 'ERR_RUNLET_NAMESPACE_SEALED' })
    await (await parent.resume(RUN)).discard()
    assert.deepEqual(
      (await parent.runs()).map(({ id }) => id),
      ['other'],
    )
  })
})

test("the doctor finds no right missing for the parent's writer, and names those that the run's user lacks", async () => {
  // Its threads open the store anew.
  const report = await as(users.writer, () => stores.writer.doctor())
  assert.deepEqual(
    report.checks.filter(({ ok }) => !ok),
    [],
  )
  const before = await outside()
  const { ok, checks } = await as(users.run, () => stores.run.doctor())
  assert.equal(ok, false)
  const remedy = checks.find(({ name }) => name === 'permissions')?.remedy ?? ''
  for (const action of ['s3:PutObject', 's3:DeleteObject']) assert.ok(remedy.includes(action), remedy)
  assert.deepEqual(await outside(), before)
})

test('a reader reads the namespace and its runs, and can write nothing', async () => {
  const before = await outside()
  const theirs = await stores.reader.namespace(PARENT)
  assert.equal(text(await theirs.get('small')), 'changed')
  assert.equal(text(await (await stores.reader.namespace(`${PARENT}/other`)).get('secret-of-nobody')), 'other')
  assert.ok((await theirs.locks()).length > 0)
  assert.deepEqual(
    (await theirs.runs()).map(({ id }) => id),
    ['other'],
  )
  await isRefused('put', () => theirs.put('small', 'forged'))
  await isRefused('fork', () => theirs.fork('mine'))
  const objects = await objectsOf(users.reader, PREFIX)
  opened.push(objects)
  await triesEverythingOn(objects, [...oneOfEachKind(before.keys()), `${OWN}_/head`])
  assert.deepEqual(await outside(), before)
})

/** What follows `_/` in a key. */
const kindOf = (key: string): string => /\/_\/([a-z]+)/.exec(key)?.[1] ?? ''

/** A key of each kind, of the parent and of the other runs; and the store's own. */
function oneOfEachKind(keys: Iterable<string>): string[] {
  const byKind = new Map<string, string>()
  for (const key of keys) byKind.set(`${key.split('/_/')[0]} ${kindOf(key)}`, key)
  return [...byKind.values()]
}
