// All workflows of one mode at the same time, and how long they waited.
import { Board } from './board.ts'
import { type About, type Mode, placeOf } from './place.ts'
import { type Figures, Waits } from './waits.ts'
import { carryOn, type Settings, type Task } from './workflow.ts'
import { finish, refuseTaken } from './worktree.ts'

export interface Drive {
  readonly mode: Mode
  readonly about: Omit<About, 'onWait'>
  readonly settings: Settings
}

export async function drive(tasks: readonly Task[], how: Drive): Promise<{ figures: Figures; errors: unknown[] }> {
  const waits = new Waits()
  const board = new Board()
  const ended = await Promise.allSettled(tasks.map(task => driveOne(task, { ...how, waits, board })))
  waits.close()
  return { figures: waits.figures, errors: ended.flatMap(end => (end.status === 'rejected' ? [end.reason] : [])) }
}

async function driveOne(task: Task, { mode, about, settings, waits, board }: Drive & { waits: Waits; board: Board }) {
  const { repository, mark } = settings
  await refuseTaken(repository, task.id, mark)
  const askedAt = performance.now()
  let doneAt = askedAt
  await placeOf[mode](
    task.id,
    async place => {
      waits.add('begin', performance.now() - askedAt)
      await carryOn(place, task, { settings, board, waits })
      doneAt = performance.now()
    },
    { ...about, onWait: (id, holder) => board.wait(id, holder) },
  )
  waits.add('end', performance.now() - doneAt)
  await finish(repository, task.id, mark)
}
