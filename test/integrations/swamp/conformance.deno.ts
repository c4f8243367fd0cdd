// The built datastore under Deno, held to swamp's contract. Started by deno-main.ts with the module that exports it and the URLs of
// empty stores as arguments; one line for each sentence, and a failing exit code when one does not hold.
import { CONTRACT } from './conformance/sentences.ts'
import { hold, type Subject } from './conformance/world.ts'

const [module = '', ...stores] = process.argv.slice(2)
const { datastore, LockTimeoutError } = await import(module)
const { openStore } = await import(new URL('../../../dist/index.js', import.meta.url).href)
const subject: Subject = { datastore, LockTimeoutError, openStore }

let failures = 0
let held = 0
for (const base of stores) {
  for (const [about, sentences] of Object.entries(CONTRACT)) {
    for (const sentence of sentences) {
      const startedAt = performance.now()
      const place = (folder: string) => (base === 'file:' ? `file:${folder}/store` : inside(base, held))
      const failure = await hold(sentence, subject, place).then(
        () => undefined,
        error => error,
      )
      held += 1
      if (failure) failures += 1
      const ms = Math.round(performance.now() - startedAt)
      console.log(`${failure ? 'not ok' : 'ok'} - ${base.slice(0, 5)} ${about}: ${sentence.says} (${ms} ms)`)
      if (failure) console.log(failure)
    }
  }
}
console.log(
  `${held - failures} of ${held} sentences hold under Deno ${process.versions.deno}, ${Math.round(performance.now())} ms`,
)
process.exitCode = failures > 0 || held === 0 ? 1 : 0

/** A prefix of its own in the bucket. */
function inside(url: string, world: number): string {
  const [address, query] = url.split('?')
  return `${address}/world-${world}?${query}`
}
