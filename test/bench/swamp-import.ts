// The part `swamp-import` of the benchmark: taking over a swamp S3 datastore of 262,000 objects with an index in one file, again after nothing
// and after a thousand changes, comparing, and giving it back. Judged in peak memory and in requests.
//   npm run bench -- swamp-import      `--write` keeps the results in test/bench/results/
import { execFile, spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { useTestCredentials } from '../support/s3-server.ts'
import { megabytes, number } from './index/report.ts'
import { format, table } from './report.ts'
import { type Cost, measure } from './swamp-import/command.ts'

const FILES = 262_000
const COPIED = 20_000
const TOUCHED = 1_000
const MOST_MEMORY = 300_000_000
const SERVER = fileURLToPath(new URL('swamp-import/server.ts', import.meta.url))
const BIOME = fileURLToPath(new URL('../../node_modules/@biomejs/biome/bin/biome', import.meta.url))
const FOLDER = new URL('results/', import.meta.url)

interface Figure {
  readonly title: string
  readonly files: number
  readonly cost: Cost
  /** How many requests it may take. */
  readonly most: number
}

/** Prints what it measured; resolves to whether every target was met. */
export async function benchSwampImport(print: (text: string) => void, options: readonly string[]): Promise<boolean> {
  useTestCredentials()
  const figures = [...(await measureAt(FILES)), ...(await measureCopy(COPIED))]
  const missed = figures.filter(({ cost, most }) => cost.peakBytes > MOST_MEMORY || cost.requests > most)
  const page = markdownOf(figures)
  print(page)
  for (const { title } of missed) print(`\nMissed: ${title}`)
  if (options.includes('--write')) await write(page, figures)
  return missed.length === 0
}

class Server {
  readonly endpoint: string
  readonly #lines: AsyncIterator<string>
  readonly #child: ReturnType<typeof spawn>

  private constructor(child: ReturnType<typeof spawn>, lines: AsyncIterator<string>, endpoint: string) {
    this.#child = child
    this.#lines = lines
    this.endpoint = endpoint
  }

  static async start(files: number): Promise<Server> {
    const child = spawn(process.execPath, ['--import', 'tsx', SERVER, JSON.stringify({ files })], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const { endpoint } = JSON.parse((await lines.next()).value)
    return new Server(child, lines, endpoint)
  }

  get swamp(): string {
    return `s3://bench/swamp?endpoint=${this.endpoint}`
  }

  get store(): string[] {
    return ['--store', `s3://bench/runlet?endpoint=${this.endpoint}`]
  }

  async touch(count: number): Promise<void> {
    this.#child.stdin?.write(`${JSON.stringify({ touch: count })}\n`)
    await this.#lines.next()
  }

  end(): void {
    this.#child.stdin?.end()
  }
}

async function measureAt(files: number): Promise<Figure[]> {
  const server = await Server.start(files)
  const run = (...args: string[]) => measure(server.endpoint, [...server.store, ...args])
  const importing = (...args: string[]) => run('import', 'swamp', server.swamp, '--into', 'main', ...args)
  const pages = Math.ceil(files / 1000)
  try {
    const first = await importing()
    check(first, 'put', files)
    const nothing = await importing()
    check(nothing, 'put', 0)
    await server.touch(TOUCHED)
    const some = await importing()
    check(some, 'put', TOUCHED)
    const verify = await importing('--verify')
    check(verify, 'same', files)
    const back = await run('export', 'swamp', server.swamp, '--from', 'main')
    check(back, 'put', 0)
    return [
      { title: 'import, the first', files, cost: first, most: 6 * pages },
      { title: 'import again, nothing changed', files, cost: nothing, most: 4 * pages },
      { title: `import again, ${number(TOUCHED)} changed`, files, cost: some, most: 5 * pages },
      { title: 'import --verify', files, cost: verify, most: 4 * pages },
      { title: 'export, nothing changed', files, cost: back, most: 6 * pages },
    ]
  } finally {
    server.end()
  }
}

async function measureCopy(files: number): Promise<Figure[]> {
  const server = await Server.start(files)
  try {
    const cost = await measure(server.endpoint, [
      ...server.store,
      'import',
      'swamp',
      server.swamp,
      '--into',
      'main',
      '--copy',
    ])
    check(cost, 'put', files)
    return [{ title: 'import --copy of small values, into packs', files, cost, most: 1.1 * files }]
  } finally {
    server.end()
  }
}

/** Nothing is measured that did not do its work. */
function check({ report }: Cost, field: string, expected: number): void {
  if (report[field] !== expected) throw new Error(`${field} is ${report[field]}, not ${expected}`)
}

function markdownOf(figures: readonly Figure[]): string {
  const bytes = (value: number) => format(Math.round(value), 'bytes')
  const lines = figures.map(({ title, files, cost, most }) => {
    const { requests, bytesUp, bytesDown, seconds, peakBytes, operations } = cost
    const kinds = Object.entries(operations).map(([kind, n]) => `${kind} ${number(n)}`)
    const met = requests <= most && peakBytes <= MOST_MEMORY
    const target = `≤ ${number(Math.floor(most))}, ${megabytes(MOST_MEMORY)}`
    return [
      title,
      number(files),
      `${number(requests)} (${kinds.join(', ')})`,
      `${bytes(bytesUp)} / ${bytes(bytesDown)}`,
      seconds.toFixed(1),
      megabytes(peakBytes),
      target,
      met ? 'met' : '**missed**',
    ]
  })
  const head = ['operation', 'objects', 'requests', 'up / down', 'seconds', 'peak memory', 'target', '']
  return [
    '## Swamp',
    'The built command, each time a new process with an empty cache, on the S3 test server without latency. The datastore has an index ' +
      'in one file; values of about 600 bytes, 20 versions of each name. Seconds depend on the machine and are not judged.',
    table(head, lines),
  ].join('\n\n')
}

async function write(page: string, figures: readonly Figure[]): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  const json = fileURLToPath(new URL('swamp-import.json', FOLDER))
  await writeFile(json, `${JSON.stringify(figures)}\n`)
  await promisify(execFile)(process.execPath, [BIOME, 'format', '--write', json])
  const header =
    '<!-- Written by `npm run bench -- swamp-import --write`; do not edit. -->\n\n[The raw figures](swamp-import.json).\n\n'
  await writeFile(new URL('swamp-import.md', FOLDER), `${header}${page}\n`)
}
