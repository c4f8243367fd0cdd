// The suite that every kind of store passes unchanged: each test is a sentence of lib/store/object-store.ts, which is all that
// the layers above rest on. It shares one store and keeps each test under a prefix of its own, so that a slow bucket is opened
// once. It must not assume more than those sentences: a store that is not one process's memory may answer AmbiguousWrite.
import { after, before, describe } from 'node:test'
import type { ObjectStore } from '../../lib/store/object-store.ts'
import { conditionSuite, uniqueEtagSuite } from './suite/conditions.ts'
import { copySuite } from './suite/copies.ts'
import { failureSuite } from './suite/failures.ts'
import { listSuite } from './suite/lists.ts'
import { raceSuite } from './suite/races.ts'
import { readSuite } from './suite/reads.ts'
import { streamSuite } from './suite/streams.ts'
import type { Place } from './suite/support.ts'
import { writeSuite } from './suite/writes.ts'

export interface StoreUnderTest {
  readonly store: ObjectStore
  /** Closes the store and removes what it kept. */
  done(): Promise<void>
}

export interface Traits {
  /** `content`: an etag may be a hash of the bytes, so that writing the same bytes again gives the same one (S3). */
  readonly etags: 'never-repeat' | 'content'
}

export function storeSuite(
  name: string,
  open: () => Promise<StoreUnderTest>,
  traits: Traits = { etags: 'never-repeat' },
): void {
  describe(name, () => {
    let opened: StoreUnderTest
    let prefixes = 0
    before(async () => {
      opened = await open()
    })
    after(() => opened.done())
    const aPlace: Place = () => ({ store: opened.store, prefix: `t${++prefixes}/` })
    readSuite(aPlace)
    copySuite(aPlace)
    writeSuite(aPlace)
    conditionSuite(aPlace)
    if (traits.etags === 'never-repeat') uniqueEtagSuite(aPlace)
    streamSuite(aPlace)
    raceSuite(aPlace)
    listSuite(aPlace)
    failureSuite(aPlace)
  })
}
