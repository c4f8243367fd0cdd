// Breaks the library on purpose, one defect at a time, in a copy of the checkout, and shows which test caught it.
//   npm run mutants            all of them      npm run mutants -- G5 fence    those whose name or guarantee has a word
// Exits 1 when a defect went unseen, or no longer applies.
import { execa } from 'execa'
import { assertAllApply, choose, inCopy, type Mutant } from './copy.ts'
import { mutants } from './mutants.ts'

const LIMIT_MS = 300_000
/** The fast layers, cheapest first; the first that fails ends the search. */
const SUITES = [
  ['test/lease', 'test/run', 'test/namespace'],
  ['test/bad-input', 'test/simulation'],
]

async function main(words: readonly string[]): Promise<void> {
  await assertAllApply(mutants)
  const sane = await hunt(undefined)
  if (sane) throw new Error(`without any defect this fails already: ${sane}`)
  const chosen = choose(mutants, words)
  let unseen = 0
  console.log('| | defect | caught by |\n|---|---|---|')
  for (const mutant of chosen) {
    const caughtBy = await hunt(mutant)
    if (!caughtBy) unseen += 1
    console.log(`| ${mutant.guarantee} | ${mutant.name} | ${caughtBy ?? '**nobody**'} |`)
  }
  console.log(`\n${chosen.length - unseen} of ${chosen.length} defects were caught`)
  if (unseen > 0 || chosen.length === 0) process.exitCode = 1
}

function hunt(mutant: Mutant | undefined): Promise<string | undefined> {
  return inCopy(mutant, async copy => {
    for (const folders of SUITES) {
      const failure = await firstFailure(copy, folders)
      if (failure) return failure
    }
    return undefined
  })
}

/** The name of the first test that failed or hung. */
async function firstFailure(copy: string, folders: readonly string[]): Promise<string | undefined> {
  // A group of its own: a defect can make a test run for ever, and its runner would outlive the one who started it.
  const running = execa(process.execPath, ['test/run.mjs', ...folders], {
    cwd: copy,
    reject: false,
    all: true,
    detached: true,
  })
  const tooLong = setTimeout(() => process.kill(-(running.pid ?? 0), 'SIGKILL'), LIMIT_MS)
  const result = await running
  clearTimeout(tooLong)
  if (result.exitCode === 0) return undefined
  const lines = result.all.split('\n').filter(line => /^\s*not ok \d+ - /.test(line))
  const names = lines.map(line => line.replace(/^\s*not ok \d+ - /, '').trim())
  // A whole file that fails did not even load: that proves nothing about its tests.
  if (/\.test\.[jt]s$/.test(names[0] ?? ''))
    throw new Error(`the defect leaves code that cannot be loaded: ${names[0]}`)
  return names[0] ?? (result.signal ? 'a test that never ended' : `exit ${result.exitCode}`)
}

await main(process.argv.slice(2))
