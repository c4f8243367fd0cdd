#!/usr/bin/env node
// The `runlet` command. Its exit code is set, not forced, so that what was written to a pipe still gets there.
import { helpWritten } from './help-written.ts'

const argv = process.argv.slice(2)
// Each failed write reports to its own caller, and who reads the help may stop early; without a listener the event would end the process.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

const help = helpWritten(argv, process.stdout)
if (help !== undefined) process.stdout.write(help)
else process.exitCode = await (await import('./program.ts')).main(argv)
