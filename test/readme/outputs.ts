// The blocks without a language: what a command prints, and pictures.
import type { Row } from './row.ts'

/** What `runlet doctor` prints: the script that runs the doctor holds it to this. */
export const DOCTOR_OUTPUT: Row = { language: '', has: /^(ok|advice|FAILED) +create race/ }

/** Of a line of it. */
export const nameOfCheck = (line: string): string => line.split(/ {2,}/)[1] ?? ''

/** Lines of two texts are compared without what is different each time, and how wide a column is for it. */
export const withoutFigures = (line: string): string =>
  line
    .replace(/\d+(\.\d+)?/g, 'N')
    .replace(/ +/g, ' ')
    .trim()

/** Drawn, not written: there is nothing to execute. */
const PICTURE: Row = { language: '', has: /^ today: one index, one lock +runlet: a run each\n/ }

export const OUTPUTS: readonly Row[] = [DOCTOR_OUTPUT, PICTURE]
