// Loaded before the command: at its end it tells its peak memory, in KiB, through the fourth file descriptor.
import { writeSync } from 'node:fs'

process.once('exit', () => writeSync(3, String(process.resourceUsage().maxRSS)))
