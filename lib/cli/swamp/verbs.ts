// The verbs that take over what other tools have, and give it back: `runlet import swamp`, `runlet export swamp`.

import type { AddVerb } from '../add-verb.ts'
import { collect, ON_CONFLICT } from '../on-conflict.ts'

const ANY_FILES = [
  '--any-files',
  'though there is no index and nothing in a folder of swamp, take all that lies there for its files',
] as const
const NAMESPACE = ['--namespace <name>', 'the namespace of the swamp datastore, if it has several'] as const

export function addImportVerbs(add: AddVerb): void {
  add('swamp <url>', {
    does: 'take over a swamp S3 datastore, as it lies in the bucket',
    more: 'In the same bucket no value is copied: rows refer to the objects of swamp, and who reads one that was changed since hears of it. Run it again and it takes over what changed; nobody has to pause. What both sides changed is a conflict, and then nothing is written.',
    examples: [
      "runlet import swamp 's3://bucket/swamp?endpoint=http://127.0.0.1:9000' --into main --dry-run",
      'runlet import swamp s3://bucket/swamp --into main --verify   # compares; exit 1 on a difference',
    ],
    load: () => import('./import.ts'),
  })
    .requiredOption('--into <namespace>', "runlet's namespace; made if there is none")
    .option(...NAMESPACE)
    .option('--copy', "copy the values, on the server's side where it can: swamp's objects are needed no more")
    .option('--verify', 'compare only; exit 1 on a difference')
    .option('--follow', 'go on until it is stopped')
    .option('--every <duration>', 'with --follow, how often to look', '10s')
    .option(
      '--retain <rule>',
      'leave out superseded versions: a rule as JSON, repeatable, or config for those of runlet.config.json',
      collect,
    )
    .option(...ON_CONFLICT)
    .option(...ANY_FILES)
    .option('--skip-invalid', 'go on without what cannot be imported')
    .option('--dry-run', 'say what would be done, and change nothing')
}

export function addExportVerbs(add: AddVerb): void {
  add('swamp <url>', {
    does: "give a namespace back to swamp's own S3 datastore",
    more: 'The server copies the values, and the index in one file comes last. Run it again and it moves only what changed. What swamp changed since the last import is not overwritten, and what only swamp has stays. No swamp command may run meanwhile.',
    examples: ["runlet export swamp 's3://bucket/swamp?endpoint=http://127.0.0.1:9000' --from main"],
    load: () => import('./export.ts'),
  })
    .requiredOption('--from <namespace>', "runlet's namespace")
    .option(...NAMESPACE)
    .option(...ANY_FILES)
    .option('--force', 'overwrite what swamp changed since the last import')
    .option('--dry-run', 'say what would be done, and change nothing')
}
