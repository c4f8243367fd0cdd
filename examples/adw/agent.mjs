// The agent of this example when you give no other: a script instead of a language model, so that the same task on the same
// repository always ends in the same commits, without the network. It is asked as any agent is: a prompt on stdin, the worktree as its
// folder, the answer on stdout. Its trade: a comment on each exported function that has none, which says where it is used.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'

const SOURCES = ['*.js', '*.mjs', '*.ts', ':!*.test.*', ':!*.d.ts', ':!test/**']
const EXPORTED = /^export (?:default )?(?:async )?(?:function\*? ?|const (?=\w+ = (?:async )?(?:\(|\w+ =>)))(\w+)/
const PLANNED = /^- `(\w+)` in `(.+)`$/gm

const git = (...args) => execFileSync('git', args, { encoding: 'utf8', maxBuffer: 2 ** 28 })
const namesIn = output => output.split('\0').filter(Boolean)

/** The exported functions of a file that no comment stands above. */
function bareFunctions(file) {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.flatMap((line, i) => (isCommentEnd(lines[i - 1]) ? [] : (EXPORTED.exec(line)?.[1] ?? [])))
}

const isCommentEnd = (line = '') => /^\s*\/\/|\*\/\s*$/.test(line)

/** Chooses one source file by the number in the task, and says what lacks a comment there. */
function plan(prompt) {
  const candidates = namesIn(git('ls-files', '-z', '--', ...SOURCES))
    .map(file => ({ file, names: bareFunctions(file) }))
    .filter(({ names }) => names.length > 0)
  if (candidates.length === 0) throw new Error('every exported function has a comment already')
  const number = Number(/\bfile (\d+)\b/.exec(prompt)?.[1] ?? 1)
  const { file, names } = candidates[(number - 1) % candidates.length]
  return `# Plan\n\nA comment above each of:\n\n${names.map(name => `- \`${name}\` in \`${file}\``).join('\n')}`
}

function build(prompt) {
  const planned = [...prompt.matchAll(PLANNED)].map(([, name, file]) => ({ name, file }))
  for (const { name, file } of planned) {
    const lines = readFileSync(file, 'utf8').split('\n')
    const at = lines.findIndex((line, i) => EXPORTED.exec(line)?.[1] === name && !isCommentEnd(lines[i - 1]))
    if (at !== -1) writeFileSync(file, lines.toSpliced(at, 0, `/** ${usesOf(name, file)} */`).join('\n'))
  }
  return `Commented ${planned.length} functions.`
}

function usesOf(name, file) {
  const users = namesIn(git('grep', '-z', '-l', '-w', '-I', '-e', name)).filter(user => user !== file)
  if (users.length === 0) return 'Used in this file only.'
  return `Used by ${users.slice(0, 3).join(', ')}${users.length > 3 ? ` and ${users.length - 3} more` : ''}.`
}

/** Passes a diff that adds comments to the planned files, one for each function, and does nothing else. */
function review(prompt) {
  const planned = [...prompt.matchAll(PLANNED)]
  const files = new Set(planned.map(([, , file]) => file))
  const touched = namesIn(git('diff', '-z', '--name-only', process.env.ADW_BASE))
  const lines = git('diff', '--unified=0', process.env.ADW_BASE)
    .split('\n')
    .filter(line => /^[-+](?![-+]{2} )/.test(line))
  const problems = [
    ...touched.filter(file => !files.has(file)).map(file => `${file} was not planned to change`),
    ...lines.filter(line => !/^\+\/\*\* .+ \*\/$/.test(line)).map(line => `not a comment: ${line}`),
    ...(lines.length === planned.length ? [] : [`${planned.length} functions, but ${lines.length} lines`]),
  ]
  return `${problems.join('\n') || 'Comments only, one for each function.'}\nverdict: ${problems.length === 0 ? 'pass' : 'fail'}`
}

/** A line for each changed file, below the first heading of the changelog. */
function document() {
  const changed = git('diff', '--numstat', process.env.ADW_BASE).trim().split('\n')
  const entries = changed
    .map(line => line.split('\t'))
    .map(([added, , file]) => `- ${file}: ${added} functions say where they are used.`)
  const log = existsSync('CHANGELOG.md') ? readFileSync('CHANGELOG.md', 'utf8') : '# Changelog\n'
  const [heading, ...rest] = log.split('\n')
  writeFileSync('CHANGELOG.md', [heading, '', ...entries, ...rest].join('\n'))
  return entries.join('\n')
}

const answer = { plan, build, review, document }[process.env.ADW_PHASE]?.(await text(process.stdin))
if (answer === undefined) throw new Error(`ADW_PHASE is "${process.env.ADW_PHASE}"`)
console.log(answer)
