// The blocks of shell in README.md: the world that each takes for granted, and what its lines must say and leave. What is not said here is
// that every line exits with 0.
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemAmbient } from '../../lib/ambient.ts'
import { openObjectStore } from '../../lib/store/open.ts'
import { contentOf } from '../cli/support.ts'
import { SwampDatastore } from '../support/swamp-datastore.ts'
import { DOCTOR_OUTPUT, nameOfCheck, withoutFigures } from './outputs.ts'
import { blockOf } from './row.ts'
import type { Script } from './script.ts'
import { aClone, aSwamp, assertDoneByTheCheck, assertNoted, assertSynced } from './stand-ins.ts'
import type { World } from './world.ts'

const inMain = async (world: World) => contentOf(await (await world.store()).namespace('main'))

const REPORT = 'mkdir -p "$RUNLET_DIR/results" && echo today > "$RUNLET_DIR/results/report.txt"'

export const SCRIPTS: readonly Script[] = [
  {
    language: 'sh',
    has: /^\(cd \.\.\/runlet && npm ci && npm pack\)$/m,
    prepare: async world => {
      await aClone(world)
      await mkdir(join(world.home, 'runlet'))
    },
    settled: world => assertNoted(world, ['npm ci', 'npm pack', 'npm install']),
  },
  {
    language: 'sh',
    has: /^runlet run -- sh -c 'date/m,
    lines: [
      { has: /runlet init/, stderr: /wrote runlet\.config\.json/ },
      { has: /runlet run/, stderr: /folded main\/\S+ into main: 1 row/ },
      { has: /runlet ls/, stdout: /^when\.txt\n$/ },
    ],
  },
  {
    language: 'sh',
    has: /^npm ci && npm run demo$/m,
    prepare: world => aClone(world, '--runs 2'),
    lines: [{ has: /npm run demo$/, stdout: /RUNLET_NAMESPACE=fan-out npx runlet ls/ }],
    settled: world => assertDoneByTheCheck(world, ['npm ci', 'npm ci', 'npm test']),
  },
  {
    language: 'sh',
    has: /^runlet run -- \.\/nightly-report\.sh/m,
    prepare: async world => {
      await world.initialized()
      await world.script('nightly-report.sh', 'echo done | runlet put log.txt', REPORT)
      await world.script('poll.sh', 'echo polled > "$RUNLET_DIR/poll.txt"')
    },
    lines: [
      { has: /nightly-report/, stderr: /folded main\/\S+ into main: 2 rows/ },
      { has: /--singleton/, stderr: /folded main\/\S+ into main: 1 row/ },
      { has: /runlet ls/, stdout: /^log\.txt\npoll\.txt\nresults\/report\.txt\n(.*\n){2,3}$/ },
    ],
  },
  {
    language: 'sh',
    has: /^source <\(runlet completion bash\)/m,
    prepare: async world => {
      await world.initialized()
      await mkdir(join(world.home, '.config/fish/completions'), { recursive: true })
    },
    lines: [
      { has: /^runlet +#/, stdout: /^Here: namespace main.* Next:\n\n( {2}runlet .*\n){3}/m },
      { has: /help run/, stdout: /Examples:\n {2}\$ runlet run/ },
      { has: /completion bash/, afterwards: 'complete -p runlet', stdout: /-F \S+ runlet$/m },
      {
        has: /completion zsh/,
        shell: 'zsh',
        typed: 'autoload -U compinit && compinit -u',
        afterwards: 'echo "$_comps[runlet]"',
        stdout: /^_\w+\n$/,
      },
    ],
    settled: async ({ home }) =>
      assert.match(await readFile(join(home, '.config/fish/completions/runlet.fish'), 'utf8'), /complete .*runlet/),
  },
  {
    language: 'sh',
    has: /^runlet run --copy -- \.\/report\.sh/m,
    prepare: async world => {
      await world.initialized()
      const main = await (await world.store()).namespace('main')
      await main.put('results/old.txt', 'old\n')
      await main.put('notes.txt', 'notes\n')
      await world.script('report.sh', REPORT, 'ls -A "$RUNLET_DIR" "$RUNLET_DIR/results"')
      await world.script('train.sh', 'echo model > "$RUNLET_DIR/model.bin"')
    },
    lines: [
      { has: /^runlet run --copy -- /, stdout: /notes\.txt[\s\S]*old\.txt/ },
      { has: /^runlet run --prefix /, stdout: /^(?!.*notes\.txt)[\s\S]*old\.txt/ },
      { has: /--dir work/, stdout: /notes\.txt[\s\S]*old\.txt/ },
    ],
    settled: async world =>
      assert.deepEqual(await inMain(world), {
        'model.bin': 'model\n',
        'notes.txt': 'notes\n',
        'results/old.txt': 'old\n',
        'results/report.txt': 'today\n',
      }),
  },
  {
    language: 'sh',
    has: /^runlet worktree install/m,
    prepare: world => world.repository(),
    lines: [
      { has: /worktree add/ },
      { has: /worktree status/, stdout: /main\/feature-parser-/ },
      { has: /worktree fold/, stderr: /folded main\/feature-parser-\S+ into main: 1 row/ },
    ],
    settled: async world => assert.deepEqual(await inMain(world), { 'notes.txt': 'draft\n' }),
  },
  {
    language: 'sh',
    has: /^runlet pull --dir work/m,
    prepare: async world => {
      await world.initialized()
      const main = await (await world.store()).namespace('main')
      await main.put('results/a.json', '{}')
      await main.put('elsewhere.json', '{}')
    },
    lines: [
      {
        has: /^runlet status/,
        prepare: ({ folder }) => edit(folder, 'b.json', 'mine'),
        stdout: /^A results\/b\.json\n$/,
      },
      { has: /^runlet push/, stderr: /1 put, 0 deleted/ },
      {
        has: /^runlet pull --theirs/,
        prepare: async world => {
          await edit(world.folder, 'a.json', 'mine')
          await (await (await world.store()).namespace('main')).put('results/a.json', 'theirs')
          const { code, stderr } = await world.runlet(['pull'], 'work')
          assert.equal(code, 1)
          assert.match(stderr, /results\/a\.json/)
        },
      },
    ],
    settled: async world => {
      const content = { 'elsewhere.json': '{}', 'results/a.json': 'theirs', 'results/b.json': 'mine' }
      assert.deepEqual(await inMain(world), content)
      assert.equal(await readFile(join(world.folder, 'work/results/a.json'), 'utf8'), 'theirs')
    },
  },
  {
    language: 'sh',
    has: /^runlet doctor --store/,
    lines: [{ has: /doctor/, check: printsWhatThePageShows }],
  },
  {
    language: 'sh',
    has: /^runlet sweep --dry-run/,
    prepare: world => world.initialized(),
    lines: [
      { has: /--dry-run/, stdout: /^0 objects .*\n$/ },
      { has: /--every/, goesOnFrom: /^0 objects .* deleted$/m },
    ],
  },
  {
    language: 'sh',
    has: /^runlet top /m,
    prepare: async world => {
      await world.initialized()
      const main = await (await world.store()).namespace('main')
      const run = await main.fork('build-1742')
      await run.put('a', '1')
      await run.release()
      await main.lock('deploy', () => undefined)
    },
    lines: [
      { has: /runlet runs/, stdout: /^build-1742 +kept/m },
      { has: /runlet locks/, stdout: /^lock\.deploy/m },
      { has: /runlet top/, goesOnFrom: /main #0 .* runs 1/ },
      { has: /runlet report/, stderr: /wrote runs\.html: 1 runs?,/ },
    ],
    settled: async ({ folder }) =>
      assert.match(await readFile(join(folder, 'runs.html'), 'utf8'), /^<!doctype html>[\s\S]*build-1742/i),
  },
  {
    language: 'sh',
    has: /^runlet poller install mail/,
    prepare: async world => {
      await world.initialized()
      await world.script('poll-mail.sh', 'echo "looked into $1"', 'echo "$1" > "$RUNLET_DIR/mail.txt"')
    },
    lines: [
      { has: /poller run-now/, stdout: /^looked into inbox\n$/ },
      { has: /poller list/, stdout: /^mail +1m .* ok/m },
      { has: /poller logs/, goesOnFrom: /looked into inbox/ },
    ],
    settled: async world => assert.deepEqual(await inMain(world), { 'mail.txt': 'inbox\n' }),
  },
  {
    language: 'sh',
    has: /^runlet run -- swamp model method run my-host sync *(#.*)?\n$/,
    prepare: world => aSwamp(world, { store: 's3://my-bucket/runlet', parent: 'control-plane' }),
    lines: [{ has: /swamp/, stderr: /folded control-plane\/\S+ into control-plane: \d+ rows?/ }],
    settled: world => assertSynced(world, ['my-host']),
  },
  {
    language: 'sh',
    has: /^runlet import swamp /m,
    prepare: aSwampDatastore,
    lines: [
      { has: /--dry-run/, stderr: /2 put, 0 deleted would be imported into main/ },
      { has: /--into main +#/, stderr: /imported into main: 2 put, 0 deleted, seq 1/ },
      { has: /--verify/, stdout: /^$/ },
      { has: /runlet export/ },
    ],
    settled: async world => {
      const main = await (await world.store('s3://bucket/runlet')).namespace('main')
      assert.deepEqual(await contentOf(main), { 'data/a/1/raw': 'one', 'data/a/2/raw': 'two' })
    },
  },
]

/** In the copy, which has the paths of the namespace. */
const edit = (folder: string, name: string, text: string) => writeFile(join(folder, 'work/results', name), text)

/** The doctor tries each property that the page shows, and says of one that is fine just that, but for figures. */
function printsWhatThePageShows(stdout: string): void {
  const said = new Map(stdout.split('\n').map(line => [nameOfCheck(line), line]))
  for (const shown of blockOf(DOCTOR_OUTPUT).text.trimEnd().split('\n')) {
    const line = said.get(nameOfCheck(shown))
    assert.ok(line, `the doctor says nothing of "${nameOfCheck(shown)}":\n${stdout}`)
    // On a machine that is busy, a store may be slow.
    if (line.startsWith('ok')) assert.equal(withoutFigures(line), withoutFigures(shown))
  }
}

async function aSwampDatastore(world: World): Promise<void> {
  const url = await world.atServer('s3://bucket/swamp')
  const objects = await openObjectStore(url, systemAmbient, { folder: '/' })
  await new SwampDatastore(objects).push({ 'data/a/1/raw': 'one', 'data/a/2/raw': 'two' })
  await objects.close()
}
