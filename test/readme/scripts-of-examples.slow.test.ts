// Every block of shell in the pages of the examples, typed line by line.
import { describe, test } from 'node:test'
import { nameOf } from './row.ts'
import { execute } from './script.ts'
import { SCRIPTS_OF_EXAMPLES } from './scripts-of-examples.ts'

describe('the lines of a block', { concurrency: 3 }, () => {
  for (const script of SCRIPTS_OF_EXAMPLES) {
    test(`do what the page says: ${nameOf(script)}`, context => execute(script, context))
  }
})
