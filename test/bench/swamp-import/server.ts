// The S3 test server with a swamp datastore in it, as a process of its own: its memory is none of what is measured.
//   node --import tsx test/bench/swamp-import/server.ts '{"files":262000}'
// A line of JSON on stdin changes the datastore: {"touch":n} writes n files anew, and then the index.
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { startS3Server } from '../../support/s3-server.ts'

const { files }: { files: number } = JSON.parse(process.argv[2] ?? '{}')
const BUCKET = 'bench'
const VERSIONS = 20

const server = await startS3Server()
const url = server.url(BUCKET, '')

/** As a model's data lies there: a few names, and of each many versions. */
const pathOf = (i: number): string => {
  const [version, name] = [i % VERSIONS, Math.floor(i / VERSIONS)]
  const model = createHash('md5')
    .update(`${Math.floor(name / 4)}`)
    .digest('hex')
  return `data/aws-ec2-instance/${model}/attributes-${name % 4}/${version}/raw`
}
const fileOf = (path: string, edition: number) => Buffer.from(`${edition} ${path} `.repeat(8))

const editions = new Map(Array.from({ length: files }, (_, i) => [pathOf(i), 0]))
const sorted = [...editions.keys()].sort()
for (const path of sorted) server.put(BUCKET, `swamp/${path}`, fileOf(path, 0))
const indexBytes = publish()
process.stdout.write(`${JSON.stringify({ endpoint: server.endpoint, url, files, indexBytes })}\n`)

for await (const line of createInterface({ input: process.stdin })) {
  const { touch = 0 }: { touch?: number } = JSON.parse(line)
  for (let i = 0; i < touch; i++) {
    const path = sorted[Math.floor((i * sorted.length) / touch)] as string
    editions.set(path, (editions.get(path) ?? 0) + 1)
    server.put(BUCKET, `swamp/${path}`, fileOf(path, editions.get(path) ?? 0))
  }
  publish()
  process.stdout.write('{"done":true}\n')
}
process.exit(0)

/** In no order, as swamp writes it, and a second later than the objects: as a push that takes its time. */
function publish(): number {
  const now = new Date().toISOString()
  const entries: Record<string, unknown> = {}
  for (const [path, edition] of editions) {
    const value = fileOf(path, edition)
    const sha256 = createHash('sha256').update(value).digest('hex')
    entries[path] = { key: path, size: value.length, lastModified: now, localMtime: now, sha256 }
  }
  const body = Buffer.from(JSON.stringify({ version: 1, lastPulled: now, entries }, null, 2))
  server.put(BUCKET, 'swamp/.datastore-index.json', body)
  return body.length
}
