// A process that puts one KiB and is gone: what a put costs a new process, and nothing that it would do in the background.
//   node --import tsx one-put.ts <store> <namespace> <path>
import { openStore } from '../../lib/runlet.ts'
import { kibibyte } from './parents.ts'

const [url = '', name = '', path = ''] = process.argv.slice(2)
const store = await openStore(url)
const namespace = await store.namespace(name)
await namespace.put(path, kibibyte(process.pid))
process.exit(0)
