// The S3 test server as a process of its own, for benches and tests with several processes:
//   node --import tsx test/support/s3-server-main.ts '{"latencyMs":20,"bucket":"runlet"}'
// Prints one line of JSON, {"endpoint","url"}, when it listens, and stays until it is killed or its parent's end of stdin closes.
//   GET  /_runlet/stats           a summary of the requests so far
//   POST /_runlet/reset           forgets the requests (?objects: and the objects); answers the summary after that
import { startS3Server } from './s3-server.ts'

const { bucket = 'runlet', prefix = '', ...options } = JSON.parse(process.argv[2] ?? '{}')
const server = await startS3Server(options)
process.stdout.write(`${JSON.stringify({ endpoint: server.endpoint, url: server.url(bucket, prefix) })}\n`)
process.stdin.resume().once('end', () => process.exit(0))
