// The package as a stranger gets it: packed, and unpacked into an empty folder, where programs find it by its name. Its dependencies
// are those of the project, linked; what a stranger need not have is not there.
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { ROOT } from '../support/programs.ts'

/** What the package can do without. */
export const OPTIONAL = '@opentelemetry'

export interface Packed {
  /** Programs in here find the package. */
  readonly folder: string
  readonly tarball: string
  /** The files in it. */
  readonly files: readonly string[]
  /** Has a dependency of the project found as well. */
  link(name: string): Promise<void>
  remove(): Promise<void>
}

/** Packs what is built. */
export async function packed(): Promise<Packed> {
  const folder = await mkdtemp(join(tmpdir(), 'runlet-pack-'))
  // Without scripts: `npm test` has built, and a build now would pull dist from under other tests.
  const { stdout } = await execa('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: ROOT,
  })
  const [{ filename, files }] = JSON.parse(stdout)
  const tarball = join(folder, filename)
  const modules = join(folder, 'node_modules')
  await mkdir(join(modules, 'runlet'), { recursive: true })
  await execa('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(modules, 'runlet')])
  const link = (name: string) => symlink(join(ROOT, 'node_modules', name), join(modules, name))
  for (const name of await readdir(join(ROOT, 'node_modules'))) {
    if (!name.startsWith('.') && name !== OPTIONAL) await link(name)
  }
  return {
    folder,
    tarball,
    files: files.map((file: { path: string }) => file.path),
    link,
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
