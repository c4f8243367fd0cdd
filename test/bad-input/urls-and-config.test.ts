// Malformed store URLs, configuration files and environments: each is refused by name, before anything is written anywhere.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { CONFIG_FILE, findConfig, ownerToken } from '../../lib/config.ts'
import { ConfigError, InvalidArgumentError, InvalidStoreUrlError, RunletError } from '../../lib/errors.ts'
import { openStore } from '../../lib/runlet.ts'
import { withRunNamespace } from '../../lib/with-run-namespace.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runlet-bad-config-'))
})
after(() => rm(folder, { recursive: true }))

/** A folder of its own with a configuration file in it. */
async function folderWith(config: string | object): Promise<string> {
  const place = await mkdtemp(join(folder, 'place-'))
  await writeFile(join(place, CONFIG_FILE), typeof config === 'string' ? config : JSON.stringify(config))
  return place
}

async function refusal(act: () => Promise<unknown>): Promise<RunletError> {
  try {
    await act()
  } catch (error) {
    assert.ok(error instanceof RunletError, `not an error of runlet: ${error}`)
    assert.match(error.message, /^[^\n]+\. [^\n]+$/, 'one line: what is wrong, and what to do')
    return error
  }
  assert.fail('it was not refused')
}

describe('the URL of a store (G10)', () => {
  const remedy = /Use s3:\/\/bucket\/prefix\?endpoint=…&region=…&pathStyle=true, file:\.\/folder or memory:/
  const refused: [why: string, url: unknown, problem: RegExp][] = [
    ['that is empty', '', /^store URL "" is of no known kind/],
    ['of another kind', 'ftp://host/folder', /^store URL "ftp:\/\/host\/folder" is of no known kind/],
    ['of a kind in capitals', 'S3://bucket', /is of no known kind/],
    ['that is a mere path', './folder', /is of no known kind/],
    ['that is no string', 7, /is not a string/],
    ['that is nothing', undefined, /is not a string/],
    ['that names no folder', 'file:', /^store URL "file:" names no folder/],
    ['that names another machine', 'file:////host/folder', /names another machine/],
    ['of a bucket without a name', 's3://', /^store URL "s3:\/\/" names no bucket/],
    ['of a bucket with capitals and spaces', 's3://My Bucket', /malformed bucket name "My Bucket"/],
    ['with a lone surrogate', 's3://bucket/\ud800', /is not well-formed Unicode/],
    ['with an unknown parameter', 's3://bucket?regoin=x', /unknown parameter "regoin"; known are endpoint, region/],
    ['with a malformed endpoint', 's3://bucket?endpoint=localhost:9000', /endpoint must start with http/],
    ['with a prefix that leads out', 's3://bucket/a/../b', /prefix with the segment "\.\."/],
  ]
  for (const [why, url, problem] of refused) {
    test(`is refused: one ${why}`, async () => {
      const error = await refusal(() => openStore(url as string, { folder }))
      assert.ok(error instanceof InvalidStoreUrlError)
      assert.equal(error.code, 'ERR_RUNLET_INVALID_STORE_URL')
      assert.match(error.message, problem)
      assert.match(error.message, remedy)
    })
  }

  test('is refused: one with a malformed escape', async () => {
    assert.ok((await refusal(() => openStore('file:./%zz', { folder }))) instanceof InvalidStoreUrlError)
  })

  test('is refused: one with a NUL', async () => {
    await refusal(() => openStore('file:./a%00b', { folder }))
  })

  test('is never repeated with a secret', async () => {
    for (const url of ['s3://key:secret@bucket', 'https://key:secret@bucket.s3.amazonaws.com/prefix']) {
      assert.doesNotMatch((await refusal(() => openStore(url, { folder }))).message, /secret/)
    }
  })

  test('that leads to a file is refused, naming it', async () => {
    const file = join(folder, 'a-file')
    await writeFile(file, 'mine')
    const error = await refusal(() => openStore(`file:${file}`))
    assert.match(error.message, /a-file/)
  })

  test('leaves no folder behind when it is refused', async () => {
    const empty = await mkdtemp(join(folder, 'empty-'))
    for (const [, url] of refused) await refusal(() => openStore(url as string, { folder: empty }))
    assert.deepEqual(await readdir(empty), [])
  })
})

describe('the author of a store', () => {
  const refused: [why: string, author: unknown][] = [
    ['no text', 7],
    ['empty', ''],
    ['too long', 'x'.repeat(129)],
  ]
  for (const [why, author] of refused) {
    test(`is refused when it is ${why}`, async () => {
      const error = await refusal(() => openStore('memory:', { author: author as string }))
      assert.ok(error instanceof InvalidArgumentError)
      assert.match(error.message, /^author: /)
    })
  }
})

describe('a configuration file (G10)', () => {
  const good = { store: 'file:./store', namespace: 'p' }
  const content = /It holds `store`, `namespace` and optionally `author`, `onConflict` and `retention`/
  const refused: [why: string, config: string | object, says: RegExp[]][] = [
    ['that is empty', '', [/is not JSON/, /write it anew with `runlet init`/]],
    ['that is no JSON', '{ store: 1 }', [/is not JSON/, /runlet init/]],
    ['that is cut short', '{"store":"file:./st', [/is not JSON/]],
    ['that holds null', 'null', [/the document: .*object/, content]],
    ['that holds a list', '[]', [/the document: /, content]],
    ['without a store', { namespace: 'p' }, [/store: /, content]],
    ['without a namespace', { store: 'file:./store' }, [/namespace: /, content]],
    ['with an empty store', { ...good, store: '' }, [/store: /, content]],
    ['with a store that is no text', { ...good, store: 7 }, [/store: .*string/, content]],
    ['with an unknown key', { ...good, stroe: 'x' }, [/stroe/, content]],
    ['with an author that is too long', { ...good, author: 'x'.repeat(129) }, [/author: /, content]],
    ['with an unknown policy', { ...good, onConflict: 'mine' }, [/onConflict: /, content]],
    ['with an unknown policy by glob', { ...good, onConflict: { '*.json': 'merge' } }, [/onConflict/, content]],
    ['with retention that is no list', { ...good, retention: {} }, [/retention: is no list of rules/, content]],
    [
      'with a retention rule that says nothing',
      { ...good, retention: [{ path: 'a/**', maxAge: '1d' }, { path: 'logs/**' }] },
      [/retention\[1\] \("logs\/\*\*"\): says nothing of what goes\. Add keep, maxAge or maxBytes\./],
    ],
    [
      'with a retention rule that might delete everything',
      { ...good, retention: [{ path: '**', maxAge: '1d' }] },
      [/may delete everything\. Begin the path with a folder/],
    ],
  ]
  for (const [why, config, says] of refused) {
    test(`${why} is refused, naming it and the remedy`, async () => {
      const place = await folderWith(config)
      const error = await refusal(() => findConfig({ folder: place }, {}))
      assert.ok(error instanceof ConfigError)
      assert.equal(error.code, 'ERR_RUNLET_CONFIG')
      assert.equal(error.source, join(place, CONFIG_FILE))
      for (const part of [RegExp(`^${join(place, CONFIG_FILE)}: `), ...says]) assert.match(error.message, part)
      assert.deepEqual(await readdir(place), [CONFIG_FILE])
    })
  }

  test('that cannot be read is refused, naming it', async () => {
    const place = await mkdtemp(join(folder, 'place-'))
    await mkdir(join(place, CONFIG_FILE))
    const error = await refusal(() => findConfig({ folder: place }, {}))
    assert.ok(error instanceof ConfigError)
    assert.match(error.message, /runlet\.config\.json: cannot be read \(EISDIR\)\. Check its permissions/)
  })

  test('with a malformed namespace is named with it', async () => {
    const place = await folderWith({ ...good, namespace: 'Not A Name' })
    assert.match((await refusal(() => findConfig({ folder: place }, {}))).message, /runlet\.config\.json/)
    const error = await refusal(() =>
      findConfig({ folder }, { RUNLET_STORE: 'memory:', RUNLET_NAMESPACE: 'Not A Name' }),
    )
    assert.match(error.message, /RUNLET_NAMESPACE/)
  })

  test('says what retention there is', async () => {
    const retention = [{ path: 'data/{name}/{version}/**', keep: { newest: 5, by: 'version' } }]
    const place = await folderWith({ ...good, retention })
    assert.deepEqual((await findConfig({ folder: place }, {})).retention, retention)
  })

  test('of the nearest folder counts, and what is given counts more', async () => {
    const place = await folderWith(good)
    const below = join(place, 'a', 'b')
    await mkdir(below, { recursive: true })
    assert.deepEqual(await findConfig({ folder: below }, {}), {
      ...good,
      author: undefined,
      onConflict: undefined,
      retention: undefined,
      folder: place,
      source: join(place, CONFIG_FILE),
    })
    const environment = { RUNLET_STORE: 'memory:env', RUNLET_NAMESPACE: 'env' }
    assert.equal((await findConfig({ folder: below }, environment)).store, 'memory:env')
    assert.equal((await findConfig({ folder: below, store: 'memory:given' }, environment)).store, 'memory:given')
    assert.equal((await findConfig({ folder: below, namespace: 'given' }, environment)).namespace, 'given')
  })
})

describe('the environment', () => {
  test('that says nothing is refused, saying what may be said', async () => {
    const nowhere = await mkdtemp(join(folder, 'nowhere-'))
    for (const environment of [{}, { RUNLET_STORE: '', RUNLET_NAMESPACE: '' }]) {
      const error = await refusal(() => findConfig({ folder: nowhere }, environment))
      assert.ok(error instanceof ConfigError)
      assert.match(error.message, /^store: nothing says which store to use\. Run `runlet init`, or set RUNLET_STORE/)
    }
    const error = await refusal(() => findConfig({ folder: nowhere }, { RUNLET_STORE: 'memory:' }))
    assert.match(
      error.message,
      /^namespace: nothing says which namespace to use\. Run `runlet init`, or set RUNLET_NAM/,
    )
  })

  test('with a malformed token of an owner is refused, naming the variable', () => {
    for (const token of ['x', '0', '-1', '1.5', '1e400', ' ']) {
      const environment = { RUNLET_STORE: 'memory:', RUNLET_NAMESPACE: 'p/r', RUNLET_OWNER_TOKEN: token }
      assert.throws(
        () => ownerToken('memory:', 'p/r', environment),
        (error: unknown) => {
          assert.ok(error instanceof ConfigError)
          assert.match(error.message, /^RUNLET_OWNER_TOKEN: is ".*"\. Leave it as `runlet run` sets it/)
          return true
        },
      )
      assert.equal(ownerToken('memory:', 'p/other', environment), undefined)
      assert.equal(ownerToken('file:/elsewhere', 'p/r', environment), undefined)
    }
  })

  test('that names a store that cannot be is refused before the function runs', async () => {
    let ran = false
    const run = () => {
      ran = true
    }
    const error = await refusal(() => withRunNamespace('r', run, { store: 'ftp://x', parent: 'p' }))
    assert.ok(error instanceof InvalidStoreUrlError)
    assert.equal(ran, false)
  })
})
