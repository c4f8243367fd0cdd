#!/usr/bin/env node
// The `runlet` command. Its exit code is set, not forced, so that what was written to a pipe still gets there.
import { main } from './program.ts'

process.exitCode = await main(process.argv.slice(2))
