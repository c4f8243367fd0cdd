// What becomes of the run once the program has ended: folded, kept or discarded. Whatever fails here, the run is kept and given up,
// so that the next command can take it at once, and what the program left behind is not removed.
import type { FoldResult } from '../../run/fold.ts'
import type { Run } from '../../runlet.ts'
import type { Output } from '../output.ts'
import { during } from '../progress.ts'
import { foldMessage, keptMessage } from './messages.ts'
import type { RunFiles } from './run-files.ts'

type Choice = 'fold' | 'keep' | 'discard'

export interface Settled {
  readonly outcome: 'folded' | 'kept' | 'discarded'
  readonly fold?: FoldResult
}

/** Ends the run as chosen. @throws what kept it from that, after saying that the run is kept */
export async function settle(run: Run, choice: Choice, files: RunFiles, output: Output): Promise<Settled> {
  try {
    if (choice === 'discard') {
      await during(output, `discarding ${run.name}`, run.discard())
      output.say(`discarded ${run.name}`)
      return { outcome: 'discarded' }
    }
    await during(output, 'bringing the files into the run', files.finish())
    if (choice === 'keep') {
      await giveUp(run, output)
      return { outcome: 'kept' }
    }
    const fold = await during(output, `folding ${run.name}`, run.fold())
    output.say(foldMessage(run, fold))
    return { outcome: 'folded', fold }
  } catch (error) {
    await giveUp(run, output)
    throw error
  }
}

/** Leaves the run to the next command. Should that fail, its lease expires. */
async function giveUp(run: Run, output: Output): Promise<void> {
  await run.release().catch(() => undefined)
  output.say(keptMessage(run))
}
