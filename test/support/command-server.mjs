// Runs the built command again and again in one process, for to start Node is most of what a call takes. Calls come as messages and are
// served one after the other, each with a folder, an environment, standard input and output of its own.
//   node command-server.mjs <dist/cli/program.js>
import { Readable, Writable } from 'node:stream'
import { pathToFileURL } from 'node:url'

const { main } = await import(pathToFileURL(process.argv[2]).href)
process.on('disconnect', () => process.exit())

let turn = Promise.resolve()
process.on('message', ({ id, ...call }) => {
  turn = turn.then(async () => process.send({ id, ended: await serve(call) }))
})

async function serve({ args, cwd, env, input }) {
  const [stdout, stderr] = [collector(), collector()]
  process.chdir(cwd)
  // In place: where the home is, Node asks the process.
  for (const name of Object.keys(process.env)) if (env[name] === undefined) delete process.env[name]
  Object.assign(process.env, env)
  const stdin = Readable.from([Buffer.from(input)])
  for (const [name, value] of Object.entries({ stdin, stdout: stdout.stream, stderr: stderr.stream }))
    Object.defineProperty(process, name, { value, configurable: true })
  return { code: await main(args), stdout: stdout.text(), stderr: stderr.text() }
}

function collector() {
  const chunks = []
  const write = (chunk, _encoding, done) => {
    chunks.push(chunk)
    done()
  }
  return { stream: new Writable({ write }), text: () => Buffer.concat(chunks).toString() }
}
