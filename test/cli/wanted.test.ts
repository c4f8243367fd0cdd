// What can stand at the cursor, as the tree of verbs tells it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Command } from 'commander'
import { type Wanted, wantedAt } from '../../lib/cli/completion/wanted.ts'
import { POLICIES } from '../../lib/cli/on-conflict.ts'
import { makeProgram } from '../../lib/cli/program.ts'
import { namedPolicySchema } from '../../lib/namespace/policy.ts'

const program: Command = makeProgram(() => {})

/** At the end of a line behind `runlet`, in which no word is quoted. */
function at(line: string): Wanted {
  const words = line.split(' ')
  return wantedAt(program, words.slice(0, -1), words.at(-1) ?? '')
}

function valuesAt(line: string): string[] {
  const wanted = at(line)
  assert.equal(wanted.kind, 'values')
  return wanted.kind === 'values' ? wanted.values.map(({ value }) => value) : []
}

describe('what can stand at the cursor', () => {
  test('is any verb at the beginning, but none that is hidden', () => {
    assert.deepEqual(
      valuesAt(''),
      program.commands.map(verb => verb.name()).filter(name => name !== '__complete'),
    )
  })

  test('are the verbs of a group behind its name', () => {
    assert.deepEqual(valuesAt('worktree '), ['install', 'attach', 'status', 'fold', 'discard', 'uninstall', 'help'])
  })

  test('is nothing behind a verb that does not exist', () => {
    assert.deepEqual(at('wrktree '), { kind: 'nothing' })
  })

  test('are the options of the verb and of runlet, but no other verb’s', () => {
    const offered = valuesAt('ls -')
    for (const option of ['--long', '--help', '--json', '--store']) assert.ok(offered.includes(option), option)
    assert.ok(!offered.includes('--force'))
  })

  test('is no option that stands there, unless it can be repeated', () => {
    const offered = valuesAt('fold x -m text --on-conflict ours --json -')
    assert.ok(!offered.includes('--message') && !offered.includes('--json'))
    assert.ok(offered.includes('--on-conflict'))
  })

  test('is no option behind --', () => {
    assert.deepEqual(at('run -- -'), { kind: 'command', from: 2 })
  })

  test('is a value behind an option that takes one, also when it is the last of several short ones', () => {
    assert.deepEqual(at('get a -o '), { kind: 'files' })
    assert.deepEqual(at('get a -qo '), { kind: 'files' })
    assert.deepEqual(at('poller logs -n5 '), { kind: 'pollers', before: '', given: { number: '5' } })
    assert.deepEqual(at('pull --dir '), { kind: 'folders' })
    assert.deepEqual(at('pull --dir='), { kind: 'folders' })
    assert.deepEqual(at('ls --namespace '), { kind: 'nothing' })
  })

  test('are policies, for all paths or behind a glob', () => {
    assert.deepEqual(valuesAt('fold x --on-conflict '), POLICIES)
    assert.ok(valuesAt('fold x --on-conflict logs/**=').includes('logs/**=union-lines'))
    assert.ok(valuesAt('fold x --on-conflict=logs/**=').includes('--on-conflict=logs/**=union-lines'))
  })

  test('are the policies that the library has', () => {
    assert.deepEqual([...POLICIES].sort(), [...namedPolicySchema.options].sort())
  })

  test('is a run where one is named, of the store and namespace that the line gives', () => {
    const given = { store: 'file:x', namespace: 'a' }
    assert.deepEqual(at('--store=file:x discard --namespace a '), { kind: 'runs', before: '', given })
    assert.deepEqual(at('worktree attach '), { kind: 'runs', before: '', given: {} })
    assert.deepEqual(at('fork '), { kind: 'nothing' })
  })

  test('is a command line of its own where a program is started, from the program on', () => {
    assert.deepEqual(at('run --timeout 5m -- npm run '), { kind: 'command', from: 4 })
    assert.deepEqual(at('run npm '), { kind: 'command', from: 1 })
    assert.deepEqual(at('poller install mail --every 60s -- '), { kind: 'command', from: 6 })
  })

  test('are verbs to be helped with, down to those of groups', () => {
    assert.ok(valuesAt('help ').includes('worktree'))
    assert.ok(valuesAt('help poller ').includes('run-now'))
    assert.deepEqual(at('help nothing '), { kind: 'nothing' })
    assert.ok(valuesAt('poller help ').includes('run-now'))
  })

  test('is every file where any number may be named', () => {
    assert.deepEqual(at('push a b '), { kind: 'files' })
  })
})
