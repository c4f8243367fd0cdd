// A process that uses a working copy which others use too: it writes files of its own, and pushes and pulls again and again.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openStore } from '../../lib/index.ts'
import { done, jobOf } from '../support/worker.ts'

export interface CopyJob {
  readonly url: string
  readonly root: string
  readonly name: string
  readonly rounds: number
}

const { url, root, name, rounds } = jobOf<CopyJob>()
const store = await openStore(url)
const copy = await (await store.namespace('n')).workingCopy(root)
await mkdir(join(root, name), { recursive: true })
for (let round = 0; round < rounds; round++) {
  await writeFile(join(root, name, String(round)), `${name} ${round}`)
  if (round % 2 === 0) copy.markDirty(`${name}/${round}`)
  await copy.push()
  await copy.pull()
}
await copy.dispose()
await store.close()
done()
