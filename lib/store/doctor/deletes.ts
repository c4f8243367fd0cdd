// Deletes: done, batched, repeatable, and no error for what is not there.
import { bytes, fails, holds, OTHER_STORE, type Probe, textAt } from './probe.ts'

export const deletes: Probe = {
  name: 'delete',
  severity: 'required',
  without: 'runs that have ended stay open, and a retried clean-up fails',
  async run(bench) {
    const [there, missing] = [bench.key('delete'), bench.key('delete-missing')]
    await bench.store.delete([missing])
    await bench.store.put(there, bytes('there'))
    await bench.store.delete([missing, there])
    await bench.store.delete([there])
    if ((await textAt(bench, there)) === undefined) return holds('keys are deleted, and a missing one is no error')
    return fails('an object is still there after its deletion was acknowledged', OTHER_STORE)
  },
}
