// What the scripts and the verbs agree on.
export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** What the scripts call: `runlet __complete -- WORD…`, the words behind `runlet`, of which the last is the one at the cursor. */
export const ASK = '__complete'
