// What each phase asks of its command, and whether it got that. A prompt is made of what is in the namespace, so that it is the same
// after a crash.
import type { Call, Ledger } from './ledger.ts'
import { complaint, type Phase } from './state.ts'

export async function promptFor(phase: Phase, ledger: Ledger): Promise<string> {
  const { task, base } = ledger.state
  switch (phase) {
    case 'plan':
      return `${task}\n\nWrite a plan for this task in this repository, and nothing else. Change no file.\n`
    case 'build':
      return `${task}\n\nCarry out this plan in the files of this folder:\n\n${await ledger.answer('plan')}\n${await objection(ledger)}`
    case 'test':
      return ''
    case 'review':
      return `${task}\n\nThis was the plan:\n\n${await ledger.answer('plan')}\n
Judge what \`git diff ${base}\` shows. Change no file. End with the line "verdict: pass" or "verdict: fail".\n`
    case 'document':
      return `${task}\n\nAdd what \`git diff ${base}\` shows to CHANGELOG.md, for users.\n`
  }
}

async function objection(ledger: Ledger): Promise<string> {
  const phase = complaint(ledger.state)
  return phase ? `\nThe last try did not pass the ${phase}:\n\n${await ledger.answer(phase)}\n` : ''
}

export function passes(phase: Phase, { exitCode, output }: NonNullable<Call['ended']>): boolean {
  return exitCode === 0 && (phase !== 'review' || /^verdict: pass$/im.test(output.trim().split('\n').at(-1) ?? ''))
}
