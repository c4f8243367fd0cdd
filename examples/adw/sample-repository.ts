// The repository to work on when none is given: the files of `sample`, in a temporary folder.
import { cp, mkdtemp, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { git } from '../fan-out/git.ts'

const FILES = fileURLToPath(new URL('./sample', import.meta.url))

/** Makes it, with a single commit; resolves to its folder. */
export async function makeSampleRepository(): Promise<string> {
  const home = await realpath(await mkdtemp(join(tmpdir(), 'runlet-adw-')))
  const repository = join(home, 'sample')
  await cp(FILES, repository, { recursive: true })
  await git(repository, ['init', '--quiet', '--initial-branch=main'])
  for (const [name, value] of [
    ['user.name', 'adw'],
    ['user.email', 'adw@example.com'],
    ['commit.gpgsign', 'false'],
  ] as const)
    await git(repository, ['config', name, value])
  await git(repository, ['add', '--all'])
  await git(repository, ['commit', '--quiet', '--message', 'Begin'])
  return repository
}
