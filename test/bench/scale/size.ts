/** The rows of the parent that everything is measured on. */
export const ROWS = 10_000_000
