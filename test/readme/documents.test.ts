// Every block that is a document, read by what reads it when a user has written it.
import { test } from 'node:test'
import { DOCUMENTS } from './documents.ts'
import { blockOf, nameOf } from './row.ts'

for (const document of DOCUMENTS) {
  test(`${nameOf(document)} … ${document.promise}`, () => document.check(blockOf(document).text))
}
