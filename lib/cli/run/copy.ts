// `--copy`: RUNLET_DIR as a working copy of the run. Pulled before the program starts; what the program added, changed and deleted
// is pushed. Conflicts are left to people: the run is kept, and they are told how to go on.
import { ConflictError } from '../../errors.ts'
import { openRunCopy, pushRunCopy } from '../../run-copy.ts'
import type { Run } from '../../runlet.ts'
import type { Moved, Source } from './run-files.ts'

/** Where the copy is, and where to tell of conflicts. */
interface CopyPlace {
  readonly directory: string
  readonly prefix: string | undefined
  readonly say: (message: string) => void
}

/** Opens and pulls it. @throws ConflictError when what was never pushed from there is in conflict with the parent */
export async function openCopy(run: Run, { directory, prefix, say }: CopyPlace): Promise<Source> {
  const dir = isPlain(directory) ? directory : JSON.stringify(directory)
  const settle = `runlet --namespace ${run.name} pull --ours|--theirs PATH --dir ${dir}`
  const push = `runlet --namespace ${run.name} push --dir ${dir}`
  const telling =
    (next: string) =>
    (error: unknown): never => {
      if (error instanceof ConflictError) say(`settle each path in conflict: ${settle}; then ${next}`)
      throw error
    }
  const again = `runlet run --resume --id ${run.id} --copy --dir ${dir}`
  const copy = await openRunCopy(run, { directory, prefix }).catch(telling(again))
  const round = async (): Promise<Moved> => {
    const { put, deleted } = await pushRunCopy(copy)
    return { put, deleted }
  }
  return {
    round,
    finish: () => round().catch(telling(`${push}; runlet fold ${run.id}`)),
    close: () => copy.dispose(),
  }
}

/** Whether a shell takes it as it is. */
const isPlain = (path: string): boolean => /^[\w./+-]+$/.test(path)
