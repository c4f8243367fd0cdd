// Breaks the library on purpose, one defect at a time, in a copy of the checkout, and shows which test caught it.
//   npm run mutants            all of them      npm run mutants -- G5 fence    those whose name or guarantee has a word
// Exits 1 when a defect went unseen, or no longer applies.
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { type Mutant, mutants } from './mutants.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const LIMIT_MS = 120_000
/** The fast layers, cheapest first; the first that fails ends the search. */
const SUITES = [
  ['test/lease', 'test/run', 'test/namespace'],
  ['test/bad-input', 'test/simulation'],
]

async function main(words: readonly string[]): Promise<void> {
  const sane = await hunt({ name: 'none', guarantee: '', file: 'package.json', find: '{', replace: '{' })
  if (sane) throw new Error(`without any defect this fails already: ${sane}`)
  const chosen = mutants.filter(({ name, guarantee }) => words.every(word => `${guarantee} ${name}`.includes(word)))
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

async function hunt(mutant: Mutant): Promise<string | undefined> {
  const copy = await mkdtemp(join(tmpdir(), 'runlet-mutant-'))
  try {
    for (const part of ['lib', 'test', 'package.json', 'tsconfig.json']) {
      await cp(join(ROOT, part), join(copy, part), { recursive: true })
    }
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
    await apply(mutant, join(copy, mutant.file))
    for (const folders of SUITES) {
      const failure = await firstFailure(copy, folders)
      if (failure) return failure
    }
    return undefined
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

async function apply({ name, find, replace }: Mutant, file: string): Promise<void> {
  const source = await readFile(file, 'utf8')
  if (!source.includes(find)) throw new Error(`the defect "${name}" no longer applies to ${file}: mend it`)
  await writeFile(
    file,
    source.replace(find, () => replace),
  )
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
  if (names[0]?.endsWith('.test.ts')) throw new Error(`the defect leaves code that cannot be loaded: ${names[0]}`)
  return names[0] ?? (result.signal ? 'a test that never ended' : `exit ${result.exitCode}`)
}

await main(process.argv.slice(2))
