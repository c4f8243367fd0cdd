// Every block of shell in README.md, typed line by line.
import { describe, test } from 'node:test'
import { nameOf } from './row.ts'
import { execute } from './script.ts'
import { SCRIPTS } from './scripts.ts'

describe('the lines of a block', { concurrency: 3 }, () => {
  for (const script of SCRIPTS) {
    test(`do what README says: ${nameOf(script)}`, context => execute(script, context))
  }
})
