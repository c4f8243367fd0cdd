// The part `package` of the benchmark: what an installation weighs, and how much processor time the command takes to start. Sizes are
// npm's, and times the machine's: judged is only that help is there at once, by the least of many starts.
//   npm run bench -- package         `--write` keeps the results in test/bench/results/
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { type Installed, install } from './package/install.ts'
import { format, table } from './report.ts'

const TIMES = 15
const LARGEST = 6
const HEADER = `<!-- Written by \`npm run bench -- package --write\`; do not edit. -->

# What the package weighs, and what it takes to start
`

interface Start {
  readonly what: string
  readonly args: readonly string[]
  /** Processor time of each start, user and system, in milliseconds. */
  readonly took: number[]
  /** The least of them is to be less than that. */
  readonly targetMs?: number
}

export async function benchPackage(print: (text: string) => void, options: readonly string[]): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'runlet-bench-package-'))
  try {
    const installed = await install(folder)
    const all = await starts(folder, installed.command)
    const text = [sizes(installed), startsTable(all)].join('\n\n')
    print(text)
    if (options.includes('--write')) {
      await writeFile(new URL('results/package.md', import.meta.url), `${HEADER}\n${text}\n`)
    }
    return !all.some(isLate)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function sizes({ packed, unpacked, packages, bytes, largest }: Installed): string {
  const rows = [
    ['runlet, packed', format(packed, 'bytes')],
    ['runlet, unpacked', format(unpacked, 'bytes')],
    [`installed with its dependencies: ${packages} packages`, format(bytes, 'bytes')],
    ...largest.slice(0, LARGEST).map(([name, size]) => [`of that \`${name}\``, format(size, 'bytes')]),
  ]
  return table(['what', 'bytes in files'], rows)
}

/** In turns, so that what else the machine does meets all of them. */
async function starts(folder: string, command: string): Promise<readonly Start[]> {
  const url = `file:${join(folder, 'store')}`
  const runlet = (...args: string[]) => [command, '--store', url, '--namespace', 'main', ...args]
  await execa(process.execPath, runlet('init'), { cwd: folder })
  await execa(process.execPath, runlet('put', 'a.txt'), { cwd: folder, input: 'a' })
  const all: Start[] = [
    { what: '`node -e 0`, for comparison', args: ['-e', '0'], took: [] },
    { what: '`runlet --help`', args: [command, '--help'], took: [], targetMs: 150 },
    { what: '`runlet ls`, of a store in a folder', args: runlet('ls'), took: [] },
    { what: '`runlet run -- true`, of the same', args: runlet('run', '--quiet', '--', 'true'), took: [] },
  ]
  for (let i = 0; i < TIMES; i++) {
    for (const { args, took } of all) took.push(await processorTime(args, folder))
  }
  return all
}

function startsTable(all: readonly Start[]): string {
  const rows = all.map(start => {
    const { what, took, targetMs } = start
    const median = took.toSorted((a, b) => a - b)[(TIMES - 1) / 2]
    const target = targetMs === undefined ? '' : `< ${targetMs} ms${isLate(start) ? ', **missed**' : ''}`
    return [what, `${median} ms`, `${Math.min(...took)} ms`, target]
  })
  const where = `Node ${process.version}, ${availableParallelism()} processors; of ${TIMES} starts each`
  return table([`processor time to start (${where})`, 'median', 'least', 'target'], rows)
}

const isLate = ({ took, targetMs = Number.POSITIVE_INFINITY }: Start): boolean => Math.min(...took) >= targetMs

async function processorTime(args: readonly string[], cwd: string): Promise<number> {
  const script = 'TIMEFORMAT="%3U %3S"; time "$@" >/dev/null'
  const { stderr } = await execa('bash', ['-c', script, 'bash', process.execPath, ...args], { cwd })
  const [user = 0, system = 0] = stderr.trim().split(' ').map(Number)
  return Math.round((user + system) * 1000)
}
