// The state of a workflow: what its events call for, and which documents are none.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  attempts,
  complaint,
  lastCommit,
  MalformedStateError,
  type Phase,
  parseState,
  phaseUpon,
  type State,
  type Transition,
} from '../../../examples/adw/state.ts'

const commit = (digit: number): string => String(digit).repeat(40)

/** A state after these events, like `build failed`; the n-th leaves the commit nnn…. */
function after(...events: string[]): State {
  const transitions = events.map((event, i) => {
    const [phase, became] = event.split(' ') as [Phase, Transition['became']]
    return { phase, became, commit: commit(i + 1), at: '2026-01-02T03:04:05.678Z' }
  })
  return { format: 1, id: 'w-1', task: 'do it', base: commit(0), transitions }
}
const due = (...events: string[]) => phaseUpon(after(...events).transitions.at(-1))

describe('the state of a workflow', () => {
  test('each event calls for what comes next', () => {
    assert.equal(due(), 'plan')
    for (const [event, next] of [
      ['plan finished', 'build'],
      ['build finished', 'test'],
      ['test finished', 'review'],
      ['review finished', 'document'],
      ['document finished', undefined],
    ] as const)
      assert.equal(due(event), next)
  })

  test('a phase that was cut short is due again, and one that failed; a bad verdict calls for another build', () => {
    for (const phase of ['plan', 'build', 'test', 'review', 'document']) assert.equal(due(`${phase} started`), phase)
    for (const phase of ['plan', 'build', 'document']) assert.equal(due(`${phase} failed`), phase)
    for (const phase of ['test', 'review']) assert.equal(due(`${phase} failed`), 'build')
  })

  test('knows the commit to go on from, the attempts, and what the next build has to answer to', () => {
    const state = after(
      'plan finished',
      'build started',
      'build finished',
      'test started',
      'test failed',
      'build started',
    )
    assert.equal(lastCommit(after()), commit(0))
    assert.equal(lastCommit(state), commit(6))
    assert.equal(attempts(state, 'build'), 2)
    assert.equal(attempts(state, 'review'), 0)
    assert.equal(complaint(state), 'test')
    assert.equal(complaint(after('plan finished')), undefined)
    assert.equal(complaint(after('test failed', 'build finished', 'test finished', 'review started')), undefined)
  })

  test('is read as it was written', () => {
    const state = after('plan started', 'plan finished')
    assert.deepEqual(parseState(JSON.stringify(state), 'x'), state)
  })

  test('what is no state is refused by name', () => {
    const good = after('plan started')
    for (const [document, message] of [
      ['{', /JSON/],
      ['[]', /object/],
      [{ ...good, format: 2 }, /format/],
      [{ ...good, task: '' }, /task/],
      [{ ...good, base: 'main' }, /base/],
      [{ ...good, more: 1 }, /more/],
      [after('deploy started'), /transitions\[0\]\.phase/],
      [after('plan paused'), /transitions\[0\]\.became/],
    ] as const) {
      const text = typeof document === 'string' ? document : JSON.stringify(document)
      assert.throws(
        () => parseState(text, 'adw/w-1/state.json'),
        (error: Error) =>
          error instanceof MalformedStateError &&
          message.test(error.message) &&
          error.message.startsWith('adw/w-1/state.json'),
      )
    }
  })
})
