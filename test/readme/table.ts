// Which test executes which code block: a row for each block of README.md and of the examples' pages. The tests of this folder walk
// through these lists, so that a row that is there is executed; table.test.ts holds the rows to the pages.
import { DOCUMENTS } from './documents.ts'
import { OUTPUTS } from './outputs.ts'
import { PROGRAMS } from './programs.ts'
import type { Row } from './row.ts'
import { SCRIPTS } from './scripts.ts'
import { SCRIPTS_OF_EXAMPLES } from './scripts-of-examples.ts'

export const ROWS: readonly Row[] = [...PROGRAMS, ...SCRIPTS, ...SCRIPTS_OF_EXAMPLES, ...DOCUMENTS, ...OUTPUTS]
