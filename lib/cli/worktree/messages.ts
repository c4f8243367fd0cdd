// What the verbs say alike. Pure.

/** What a command in the worktree does now that its namespace has ended. */
export const nextMessage = (isNew: boolean): string =>
  isNew ? 'the next runlet command here forks a new one' : 'runlet.config.json counts here again'

/** Of the hook from before, when there is one of somebody else in its place, which may run it or not. */
export const leftMessage = (before: string): string =>
  `the hook that was there before is ${before}: move it where you want it`
