// What `get -o` and `report --html` write to: files, links to files, and what is no file.
import assert from 'node:assert/strict'
import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { execa } from 'execa'
import { writeWhole } from '../../lib/cli/whole-file.ts'

const chunks = [Buffer.from('some '), Buffer.from('text')]

describe('writing a whole file', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runlet-whole-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))
  const at = (name: string) => join(folder, name)

  test('puts it in the place of another, which keeps its mode', async () => {
    await writeFile(at('file'), 'before')
    await chmod(at('file'), 0o600)
    assert.equal(await writeWhole(at('file'), chunks), 9)
    assert.equal(await readFile(at('file'), 'utf8'), 'some text')
    assert.equal((await stat(at('file'))).mode & 0o777, 0o600)
  })

  test('writes what a link leads to, and replaces one that leads nowhere', async () => {
    await writeFile(at('target'), 'before')
    await symlink('target', at('link'))
    await symlink('nowhere', at('loose'))
    for (const name of ['link', 'loose']) await writeWhole(at(name), chunks)
    assert.ok((await lstat(at('link'))).isSymbolicLink())
    assert.equal(await readFile(at('target'), 'utf8'), 'some text')
    assert.ok((await lstat(at('loose'))).isFile())
  })

  test('writes into a device or a pipe, which stays', async () => {
    assert.equal(await writeWhole('/dev/null', chunks), 9)
    assert.ok((await stat('/dev/null')).isCharacterDevice())
    await execa('mkfifo', [at('pipe')])
    const [{ stdout }] = await Promise.all([execa('cat', [at('pipe')]), writeWhole(at('pipe'), chunks)])
    assert.equal(stdout, 'some text')
    assert.ok((await stat(at('pipe'))).isFIFO())
  })

  test('leaves nothing behind when what is written fails', async () => {
    const failing = (async function* () {
      yield Buffer.from('half')
      throw new Error('gone')
    })()
    const before = await readdir(folder)
    await assert.rejects(writeWhole(at('new'), failing), /gone/)
    assert.deepEqual(await readdir(folder), before)
  })
})
