// What the verbs say alike. Pure.

/** What a command in the worktree does now that its namespace has ended. */
export const nextMessage = (isNew: boolean): string =>
  isNew ? 'the next runlet command here forks a new one' : 'runlet.config.json counts here again'
