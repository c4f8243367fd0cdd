// The id of a run, from the name of a branch.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { idOfBranch } from '../../lib/integrations/worktree/name.ts'
import { isSegment } from '../../lib/names.ts'

const CHANCE = 'k3x9a0zzk3x9a0zz'

describe('the id of a worktree', () => {
  for (const [branch, id] of [
    ['main', 'main-k3x9a0zz'],
    ['feature/ä b', 'feature-a-b-k3x9a0zz'],
    ['feature/JIRA-12_x', 'feature-jira-12_x-k3x9a0zz'],
    ['v1.2.3', 'v1.2.3-k3x9a0zz'],
    ['refs/heads/x', 'refs-heads-x-k3x9a0zz'],
    ['.hidden', 'hidden-k3x9a0zz'],
    ['--', 'worktree-k3x9a0zz'],
    ['_', 'worktree-k3x9a0zz'],
    ['🚀', 'worktree-k3x9a0zz'],
    ['日本語', 'worktree-k3x9a0zz'],
    ['ship-🚀-it', 'ship-it-k3x9a0zz'],
    ['ﬁx/Å', 'fix-a-k3x9a0zz'],
    ['x'.repeat(300), `${'x'.repeat(40)}-k3x9a0zz`],
    [`${'x'.repeat(39)}/y`, `${'x'.repeat(39)}-k3x9a0zz`],
  ] as const) {
    test(`of ${branch.slice(0, 20)} is ${id.slice(0, 30)}`, () => assert.equal(idOfBranch(branch, CHANCE), id))
  }

  test('is valid whatever the branch is called', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), text => isSegment(idOfBranch(text, CHANCE))))
  })
})
