// What `runlet --help` says, as the build has written it down (`npm run build:help`). People and agents who look around ask for it often,
// and to load the parser and build the tree of verbs takes about as long as Node itself takes to start.
import { existsSync, readFileSync } from 'node:fs'

/** The width of all help, in columns, where the terminal has that many: longer lines are hard to read. */
export const HELP_WIDTH = 80

// Not there where the sources are run as they are.
const TEXT = new URL('help.txt', import.meta.url)

/** What the tree of verbs would say to these arguments; undefined where it must be asked. */
export function helpWritten(
  argv: readonly string[],
  { columns = HELP_WIDTH }: { columns?: number },
): string | undefined {
  const asked = argv.length === 1 && (argv[0] === '--help' || argv[0] === '-h')
  return asked && columns >= HELP_WIDTH && existsSync(TEXT) ? readFileSync(TEXT, 'utf8') : undefined
}
