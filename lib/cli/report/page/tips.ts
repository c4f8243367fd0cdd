// What the tip says of a run, a commit and a holding of a lock. Pure.
import type { PageCommit, PageHolding, PageRun } from '../page-data.ts'
import { endOf } from './segments.ts'
import type { Tip } from './tip.ts'
import { counted, duration, FATES, moment } from './words.ts'

type Facts = (readonly [name: string, value: string])[]

export function tipOfRun(run: PageRun, now: number): Tip {
  const { fate, forkedAt, firstWriteAt, sealedAt, waitedMs, endedAt, left, rows, seq } = run
  const ended = fate === 'folded' || fate === 'discarded'
  const facts: Facts = [['state', FATES[fate]]]
  if (run.label) facts.push(['label', run.label])
  if (run.owner) facts.push(['owner', run.owner])
  if (run.problem) facts.push(['problem', run.problem])
  facts.push(['forked', moment(forkedAt)])
  if (firstWriteAt !== undefined) facts.push(['first write', `after ${duration(firstWriteAt - forkedAt)}`])
  facts.push(['commits', run.commits.toLocaleString('en-US')])
  if (left)
    facts.push([
      left.as === 'gone' ? 'owner gone' : 'kept',
      `from ${moment(left.from)}, for ${duration(left.to - left.from)}`,
    ])
  if (sealedAt !== undefined) facts.push(['fold began', `after ${duration(sealedAt - forkedAt)}`])
  if (waitedMs !== undefined) facts.push(['fold waited', duration(waitedMs)])
  if (ended && endedAt !== undefined) facts.push([fate, `${moment(endedAt)}, after ${duration(endedAt - forkedAt)}`])
  else if (endedAt !== undefined) facts.push([fate === 'gone' ? 'last heard of' : 'given up', moment(endedAt)])
  else if (!ended) facts.push(['since', duration(endOf(run, now) - forkedAt)])
  if (rows !== undefined) facts.push(['changed', counted(rows, 'path')])
  if (seq !== undefined && fate === 'folded') facts.push(['commit', `#${seq}`])
  return { title: run.id, kind: fate, facts }
}

export function tipOfCommit({ seq, at, rows, author, message, run }: PageCommit): Tip {
  const facts: Facts = [
    ['at', moment(at)],
    ['changed', counted(rows, 'path')],
    ['by', author],
  ]
  if (message) facts.push(['message', message])
  return {
    title: run === undefined ? `#${seq}` : `#${seq}: fold of ${run}`,
    kind: run === undefined ? 'direct' : 'folded',
    facts,
  }
}

export function tipOfHolding(lock: string, { label, at, waitedMs, heldMs, state }: PageHolding, now: number): Tip {
  const facts: Facts = [
    ['holder', label],
    ['waited', duration(waitedMs)],
    ['since', moment(at)],
  ]
  if (state === 'released') facts.push(['held', duration(heldMs ?? 0)])
  else facts.push(state === 'held' ? ['held for', duration(now - at)] : ['state', 'never given back: it ran out'])
  return { title: lock, kind: state, facts }
}
