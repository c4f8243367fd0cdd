// The package as a user installs it: packed, and installed from the tarball with its dependencies, from npm's registry, into an empty
// folder. Sizes are of what the files hold, not of the blocks that they take.
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'

export interface Installed {
  /** The tarball, and what is in it, in bytes. */
  readonly packed: number
  readonly unpacked: number
  /** All packages that were installed, runlet included. */
  readonly packages: number
  readonly bytes: number
  /** By the scope or the name of a package, largest first. */
  readonly largest: readonly (readonly [name: string, bytes: number])[]
  /** The command. */
  readonly command: string
}

export async function install(folder: string): Promise<Installed> {
  const { stdout } = await execa('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder])
  const [{ filename, size, unpackedSize }] = JSON.parse(stdout)
  await writeFile(join(folder, 'package.json'), '{"private":true}')
  const quietly = ['--omit=dev', '--no-audit', '--no-fund', '--loglevel=error']
  await execa('npm', ['install', ...quietly, join(folder, filename)], { cwd: folder })
  const modules = join(folder, 'node_modules')
  const { packages } = JSON.parse(await readFile(join(modules, '.package-lock.json'), 'utf8'))
  const sizes = await Promise.all(
    (await readdir(modules))
      .filter(name => !name.startsWith('.'))
      .map(async name => [name, await bytesBelow(join(modules, name))] as const),
  )
  return {
    packed: size,
    unpacked: unpackedSize,
    packages: Object.keys(packages).length,
    bytes: sizes.reduce((sum, [, bytes]) => sum + bytes, 0),
    largest: sizes.toSorted(([, a], [, b]) => b - a),
    command: join(modules, 'runlet', 'dist', 'cli', 'main.js'),
  }
}

async function bytesBelow(path: string): Promise<number> {
  const about = await stat(path)
  if (!about.isDirectory()) return about.size
  const sizes = await Promise.all((await readdir(path)).map(name => bytesBelow(join(path, name))))
  return sizes.reduce((sum, bytes) => sum + bytes, 0)
}
