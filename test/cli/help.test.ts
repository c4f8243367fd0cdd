// The help as a user reads it: the same in both ways, and every example in it is one that runlet understands.
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Command } from 'commander'
import { makeProgram } from '../../lib/cli/program.ts'
import { AT_ONCE, aFolder, callRunlet, startProgram, startRunlet } from './support.ts'

/** The words of each call of `runlet` that a line makes, as bash understands it; nothing else happens but what bash does by itself. */
async function callsOf(line: string): Promise<string[][]> {
  const home = await aFolder()
  await mkdir(join(home, '.config/fish/completions'), { recursive: true })
  await mkdir(join(home, 'first[1]'))
  const record = `runlet() { printf '%s\\0' "$@" >> "$HOME/calls"; printf '\\n\\0' >> "$HOME/calls"; }`
  await writeFile(join(home, 'script'), [record, 'fpath="$HOME/first"', line].join('\n'))
  const { code, stderr } = await startProgram('bash', ['script'], { cwd: home, env: { HOME: home } }).ended
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, line)
  const calls = await readFile(join(home, 'calls'), 'utf8')
  return calls
    .split('\n\0')
    .slice(0, -1)
    .map(words => words.split('\0').slice(0, -1))
}

/** The verbs that can be called, those of groups too. */
const verbsBelow = (command: Command): Command[] =>
  command.commands.flatMap(verb => (verb.commands.length > 0 ? verbsBelow(verb) : verb))

const nameOf = (command: Command): string =>
  command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name()

function examplesOf(verb: Command): string[] {
  let help = ''
  verb.configureOutput({ writeOut: text => (help += text) }).outputHelp()
  const [, examples = ''] = help.split(/\nExamples?:\n/)
  return examples
    .split('\n')
    .filter(line => line !== '')
    .map(line => line.replace(/^ {2}\$ /, ''))
}

describe('the examples', AT_ONCE, () => {
  const shown = verbsBelow(makeProgram(() => {})).filter(verb => !verb.name().startsWith('_'))

  for (const verb of shown) {
    const name = nameOf(verb)
    test(`of ${name} are about it, and are understood`, async () => {
      const examples = examplesOf(verb)
      assert.ok(examples.length > 0)
      for (const example of examples) {
        const calls = await callsOf(example)
        const called = await Promise.all(calls.map(verbCalledBy))
        assert.ok(called.includes(name), example)
      }
    })
  }

  for (const group of makeProgram(() => {}).commands.filter(({ commands }) => commands.length > 0)) {
    test(`of ${nameOf(group)} are about its verbs, and are understood`, async () => {
      const calls = (await Promise.all(examplesOf(group).map(callsOf))).flat()
      assert.ok(calls.length > 0)
      for (const call of calls) assert.match((await verbCalledBy(call)) ?? '', new RegExp(`^${nameOf(group)} `))
    })
  }

  /** The verb that the tree finds in these words. It throws what the parser says of them. */
  async function verbCalledBy(words: string[]): Promise<string | undefined> {
    let called: string | undefined
    const program = makeProgram(() => {})
    for (const verb of verbsBelow(program)) {
      verb.action(() => {
        called = nameOf(verb)
      })
    }
    await program.parseAsync(words, { from: 'user' })
    return called
  }
})

describe('runlet help', AT_ONCE, () => {
  test('is nowhere wider than 80 columns, but where an example is', async () => {
    for (const group of ['', 'worktree', 'poller', 'import', 'export']) {
      const { stdout } = await callRunlet(['help', ...(group ? [group] : [])])
      const wide = stdout.split('\n').filter(line => line.length > 80 && !line.startsWith('  $ '))
      assert.deepEqual(wide, [])
    }
  })

  test('shows what --help and -h show, which the build has written down', async () => {
    const help = await callRunlet(['help'])
    assert.match(help.stdout, /^Usage: runlet /)
    for (const option of ['--help', '-h']) assert.deepEqual(await startRunlet([option]).ended, help)
  })

  for (const path of [['run'], ['worktree'], ['worktree', 'install'], ['help']]) {
    test(`${path.join(' ')} shows what --help shows`, async () => {
      const [help, option] = await Promise.all([callRunlet(['help', ...path]), callRunlet([...path, '--help'])])
      assert.equal(help.code, 0)
      assert.deepEqual(help, option)
    })
  }

  const MISTYPED: [path: string[], says: RegExp][] = [
    [['sweeep'], /^runlet: unknown command 'sweeep'\. Did you mean sweep\? \[ERR_RUNLET_USAGE\]\n$/],
    [['worktree', 'instal'], /^runlet: unknown command 'instal'\. Did you mean install\? \[/],
    [['put', 'x'], /^runlet: runlet put has no verb 'x'\. See `runlet put --help`\. \[/],
  ]
  for (const [path, says] of MISTYPED) {
    test(`${path.join(' ')} is wrong usage, and says what may be meant`, async () => {
      const { code, stdout, stderr } = await callRunlet(['help', ...path])
      assert.match(stderr, says)
      assert.deepEqual([code, stdout], [2, ''])
    })
  }

  test('of a verb in a group is shown by the group too', async () => {
    const [inGroup, above] = await Promise.all([
      callRunlet(['poller', 'help', 'logs']),
      callRunlet(['help', 'poller', 'logs']),
    ])
    assert.deepEqual(inGroup, above)
  })
})
