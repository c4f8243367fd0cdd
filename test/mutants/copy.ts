// A copy of the checkout with one deliberate defect in it: for whoever wants to know what notices.
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../support/programs.ts'

/** A deliberate defect: a text of a file, and what stands in its place. */
export interface Mutant {
  /** What is broken, in the words of the design. */
  readonly name: string
  readonly guarantee: string
  readonly file: string
  /** Must be there exactly once. */
  readonly find: string
  readonly replace: string
}

/** All that the tests need to be compiled and run. */
const PARTS = ['lib', 'test', 'examples', 'package.json', 'package-lock.json', 'tsconfig.json']

/** Runs `work` in the folder of a copy that has the defect, or none. The copy is gone afterwards. */
export async function inCopy<T>(mutant: Mutant | undefined, work: (root: string) => Promise<T>): Promise<T> {
  const copy = await mkdtemp(join(tmpdir(), 'runlet-mutant-'))
  try {
    for (const part of PARTS) await cp(join(ROOT, part), join(copy, part), { recursive: true })
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
    if (mutant) await apply(mutant, copy)
    return await work(copy)
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

async function apply(mutant: Mutant, copy: string): Promise<void> {
  const file = join(copy, mutant.file)
  const source = await readFile(file, 'utf8')
  assertApplies(mutant, source)
  await writeFile(
    file,
    source.replace(mutant.find, () => mutant.replace),
  )
}

function assertApplies({ name, file, find }: Mutant, source: string): void {
  const count = source.split(find).length - 1
  if (count !== 1) throw new Error(`the text of the defect "${name}" is ${count} times in ${file}, not once: mend it`)
}

/** Says of each that its text stands exactly once in its file, or fails: cheap, before any of them is tried. */
export async function assertAllApply(mutants: readonly Mutant[]): Promise<void> {
  for (const mutant of mutants) assertApplies(mutant, await readFile(join(ROOT, mutant.file), 'utf8'))
}

/** Those whose name or guarantee has every word. */
export function choose(mutants: readonly Mutant[], words: readonly string[]): readonly Mutant[] {
  return mutants.filter(({ name, guarantee }) => words.every(word => `${guarantee} ${name}`.includes(word)))
}
