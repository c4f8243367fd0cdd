// The blocks of shell in the pages of the examples: see scripts.ts.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { contentOf } from '../cli/support.ts'
import type { Script } from './script.ts'
import { aBundler, aClone, aSwamp, assertDoneByTheCheck, assertIsADatastore, assertSynced } from './stand-ins.ts'
import { SWAMP_SETUP } from './swamp-setup.ts'

const ADW_ID = '3f9a1c-2'

export const SCRIPTS_OF_EXAMPLES: readonly Script[] = [
  {
    language: 'sh',
    has: /^npm run demo -- --runs 20 /m,
    prepare: async world => {
      await aClone(world, '--runs 3')
      await world.repository(join(world.home, 'src/project'))
    },
    lines: [
      { has: /^npm run demo +#/, stdout: /^3 runs, .* folded in/m },
      { has: /--runs 20/, stdout: /^3 runs, .* folded in/m },
      { has: /^RUNLET_STORE=/, stdout: /^Look around: +RUNLET_STORE='s3:/m },
    ],
  },
  {
    language: 'sh',
    has: /^npm run demo:pipeline/m,
    prepare: world => aClone(world),
    replace: ({ home }, text) => text.replaceAll('/tmp/results', join(home, 'results')),
    lines: [
      { has: /^npm run demo:pipeline/, stdout: /(^\w+: 5 new results\n){2}/m },
      { has: /^RUNLET_STORE=/, stdout: /(^\w+: 5 new results\n){2}/m },
    ],
  },
  {
    language: 'sh',
    has: /^npm run demo:adw +#/m,
    prepare: async world => {
      await aClone(world, '--workflows 1')
      await world.repository(join(world.home, 'src/project'))
      await world.program(
        'claude',
        'test "$*" = "-p --permission-mode acceptEdits" || exit 1',
        'cat > /dev/null; echo verdict: pass',
      )
    },
    lines: [
      { has: /^npm run demo:adw +#/, stdout: /^writes +\d+$/m },
      { has: /--shared --runs/, stdout: /^ +one for all +a run each\nwrites +\d+ +\d+$/m },
      { has: /--agent/, stdout: /^writes +\d+$/m },
    ],
  },
  {
    language: 'sh',
    has: /^runlet run --id "\$ADW_ID" --resume/,
    prepare: async world => {
      await world.initialized()
      await world.program(
        'uv',
        `test "$*" = "run adw_sdlc.py ${ADW_ID}" || exit 1`,
        'mkdir -p "$RUNLET_DIR/adw/$ADW_ID" && echo "{}" > "$RUNLET_DIR/adw/$ADW_ID/state.json"',
      )
      world.env.ADW_ID = ADW_ID
    },
    settled: async world =>
      assert.deepEqual(await contentOf(await (await world.store()).namespace('main')), {
        [`adw/${ADW_ID}/state.json`]: '{}\n',
      }),
  },
  {
    language: 'sh',
    has: /^export RUNLET_STORE=… RUNLET_NAMESPACE=adw/,
    prepare: async world => {
      const adw = await (await world.store()).namespace('adw', { create: true })
      await adw.put('adw/3f9a1c-1/state.json', '{}')
      const run = await adw.fork(ADW_ID)
      await run.put(`adw/${ADW_ID}/state.json`, '{"plan":"finished"}')
      await run.release()
    },
    replace: (_, text) => text.replace('RUNLET_STORE=…', 'RUNLET_STORE=file:.runlet/store'),
    lines: [
      { has: /runlet runs/, stdout: /^3f9a1c-2 +kept/m },
      { has: /runlet get/, stdout: /^\{"plan":"finished"\}$/ },
      { has: /runlet ls/, stdout: /^adw\/3f9a1c-1\/state\.json\n$/ },
    ],
  },
  { ...SWAMP_SETUP, prepare: world => aSwamp(world), lines: [{ has: /^swamp datastore status/, stdout: /./ }] },
  {
    language: 'sh',
    has: /^npx deno bundle /m,
    prepare: async world => {
      await aClone(world)
      await aBundler(world)
    },
    settled: async world => {
      await assertDoneByTheCheck(world, ['npm install', 'npm run build'])
      await assertIsADatastore(join(world.home, 'src/my-repo/extensions/datastores/_lib/runlet.js'))
    },
  },
  {
    language: 'sh',
    has: /^runlet run --id build-1742 -- \.\/pipeline\.sh/m,
    prepare: async world => {
      await aSwamp(world, { store: 's3://my-bucket/runlet?region=eu-central-1', parent: 'control-plane' })
      await world.script('pipeline.sh', 'swamp model method run my-host sync && swamp model method run other sync')
    },
    lines: [{ has: /pipeline\.sh/, stderr: /folded control-plane\/build-1742 into control-plane: \d+ rows?/ }],
    settled: world => assertSynced(world, ['my-host', 'other']),
  },
]
