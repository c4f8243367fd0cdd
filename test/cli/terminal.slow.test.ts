// What long verbs show on a terminal: a real one (`script` of util-linux makes it) in front of a slow store. Each verb that can take more
// than two seconds tells of itself, so one that lost its progress fails here.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openStore } from '../../lib/runlet.ts'
import { startS3Server, useTestCredentials } from '../support/s3-server.ts'
import { aFolder, RUNLET, startProgram, until } from './support.ts'

useTestCredentials()
const slow = { latencyMs: 0 }
const server = await startS3Server(slow)
after(() => server.close())

// Of BSD and macOS it takes other options.
const hasTerminal = /util-linux/.test(String(spawnSync('script', ['--version']).stdout))
if (!hasTerminal)
  console.error(
    'NOTHING IS TESTED of what a terminal shows: there is no `script` of util-linux (apt-get install bsdutils)',
  )
const AT = { concurrency: 3, skip: hasTerminal || process.env.CI ? false : 'no `script` of util-linux' }

interface Place {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

/** A folder whose namespace has a value, and a run that was given up. */
async function aSlowPlace(name: string): Promise<Place> {
  const cwd = await aFolder()
  const url = server.url(name)
  const store = await openStore(url)
  const main = await store.namespace('main', { create: true })
  await main.put('a', 'x'.repeat(8192))
  await (await main.fork('left')).release()
  await store.close()
  await writeFile(join(cwd, 'runlet.config.json'), JSON.stringify({ store: url, namespace: 'main' }))
  return { cwd, env: { RUNLET_CACHE: join(cwd, 'cache'), TERM: 'xterm' } }
}

/** All that is written to the terminal. */
async function onTerminal(command: string, { cwd, env }: Place): Promise<string> {
  return (await startProgram('script', ['-qec', command, '/dev/null'], { cwd, env }).ended).stdout
}

const ESCAPE = '\u001b'

const VERBS: readonly (readonly [command: string, progress: RegExp])[] = [
  ['init', /making main: /],
  ['fork new', /opening main: /],
  ['runs', /runs: /],
  ['locks', /locks: /],
  ['fold left', /folding main\/left: /],
  ['run -- true', /forking \S+: /],
  ['sweep', /sweep main: /],
]

describe('on a terminal', AT, () => {
  const places: Place[] = []
  before(async () => {
    for (const at of VERBS.keys()) places.push(await aSlowPlace(`verb-${at}`))
    slow.latencyMs = 1200
  })
  for (const [at, [verb, progress]] of VERBS.entries()) {
    test(`\`runlet ${verb}\` tells how long it is under way, and what it has asked of the store`, async () => {
      const shown = await onTerminal(`${RUNLET} ${verb}`, places[at] as Place)
      assert.match(shown, new RegExp(`\\r${ESCAPE}\\[Krunlet: ${progress.source}\\d+s, \\d+ requests?, `), shown)
    })
  }

  test('help is as narrow as the terminal, and never wider than 80 columns', async () => {
    const place = places[0] as Place
    const widest = async (columns: number) => {
      const help = await onTerminal(`stty cols ${columns}; ${RUNLET} --help`, place)
      assert.match(help, /^Usage: runlet /)
      return Math.max(...help.split(/\r?\n/).map(line => line.length))
    }
    const [narrow, wide] = await Promise.all([widest(70), widest(200)])
    assert.ok(narrow > 40 && narrow <= 70, `${narrow}`)
    assert.ok(wide > 70 && wide <= 80, `${wide}`)
  })

  test('`runlet top` draws frame over frame on a screen of its own, and gives that back at `q`', async () => {
    const { cwd, env } = places[0] as Place
    const top = spawn('script', ['-qec', `${RUNLET} top --every 500ms`, '/dev/null'], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    let shown = ''
    top.stdout.on('data', chunk => {
      shown += chunk
    })
    const frames = () => shown.split(`${ESCAPE}[?2026h`).length - 1
    await until('three frames', () => frames() >= 3)
    top.stdin.write('q')
    const [code] = await once(top, 'close')
    assert.equal(code, 0)
    const [, screen = ''] = shown.split(`${ESCAPE}[?1049h`)
    assert.match(screen, /runlet top {2}main #.*q quits/)
    assert.ok(screen.trimEnd().endsWith(`${ESCAPE}[?1049l`), screen)
  })
})
