// Every sentence of the contract that this suite holds, by what it is about.
import { controlPlaneSentences } from './control-plane.ts'
import { exportSentences } from './export.ts'
import { lockSentences } from './lock.ts'
import { namespaceSentences } from './namespaces.ts'
import { runSentences } from './runs.ts'
import { verifierSentences } from './verifier.ts'
import type { Sentence } from './world.ts'

export const CONTRACT: Readonly<Record<string, readonly Sentence[]>> = {
  'the export': exportSentences,
  'a lock': lockSentences,
  'the verifier': verifierSentences,
  'the control plane': controlPlaneSentences,
  namespaces: namespaceSentences,
  'a run': runSentences,
}
