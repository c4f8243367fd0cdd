// The contract under Node's test runner.
import { describe, test } from 'node:test'
import { datastore, LockTimeoutError } from '../../../../lib/integrations/swamp/datastore.ts'
import { openStore } from '../../../../lib/runlet.ts'
import { CONTRACT } from './sentences.ts'
import { hold } from './world.ts'

const SUBJECT = { datastore, LockTimeoutError, openStore }

/** `store`: the URL of a store that no other sentence uses. */
export function contractSuite(name: string, store: (folder: string) => string): void {
  describe(`swamp's contract on ${name}`, () => {
    for (const [about, sentences] of Object.entries(CONTRACT)) {
      describe(about, () => {
        for (const sentence of sentences) test(sentence.says, () => hold(sentence, SUBJECT, store))
      })
    }
  })
}
