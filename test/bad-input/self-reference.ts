// A namespace whose index has a node that refers to itself; prints the error that reading it ends in. A process of its own,
// for a loop without a request can be ended only from outside.
import { gzipSync } from 'node:zlib'
import { Store } from '../../lib/runlet.ts'
import { MemoryStore } from '../../lib/store/memory/memory-store.ts'
import { VirtualTime } from '../support/virtual-time.ts'

const ambient = new VirtualTime().ambient()
const objects = new MemoryStore({ ambient })
const store = new Store(objects, ambient, 'test')
const namespace = await store.namespace('p', { create: true })
await namespace.put('a', '1')
const answer = await objects.get('ns/p/_/head')
if (answer.status !== 'found') throw new Error('there is no head')
const head = JSON.parse(Buffer.from(answer.body).toString())
const node = { id: 'abcdefgh-node', level: 1, first: 'a', last: 'z', rows: 1, bytes: 100 }
const header = { format: 1, kind: 'refs', namespace: 'p', count: 1 }
await objects.put(`ns/p/_/index/${node.id}`, gzipSync(`${JSON.stringify(header)}\n${JSON.stringify(node)}\n`))
await objects.put('ns/p/_/head', Buffer.from(JSON.stringify({ ...head, layers: [{ from: 1, to: 1, files: [node] }] })))
const error = await namespace.get('b').catch(reason => reason)
console.log(error?.code, error?.key)
