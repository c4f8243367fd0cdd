// The deliberate defects are texts of the library: when that is changed, they must be too, or nobody finds out what notices them.
import { test } from 'node:test'
import { assertAllApply } from './copy.ts'
import { mutants } from './mutants.ts'
import { protocolMutants } from './protocol.ts'

test('every deliberate defect of the library still applies, once', () => assertAllApply(mutants))

test('every deliberate defect of the protocols still applies, once', () => assertAllApply(protocolMutants))
