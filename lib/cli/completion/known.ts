// What is completed with names that only a store or this machine knows. It changes nothing: a store that is not there is not made, and a
// worktree gets no namespace because somebody pressed TAB.
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { systemAmbient } from '../../ambient.ts'
import { type Config, findConfig } from '../../config.ts'
import { pollerNames } from '../../integrations/poller/poller.ts'
import { parseNamespaceName } from '../../names.ts'
import { openNamespace } from '../../namespace/namespace.ts'
import { listForks } from '../../run/pin.ts'
import { fullStoreUrl, openObjectStore } from '../../store/open.ts'
import { pollerPlaces } from '../poller/place.ts'
import { storeFolder } from '../store-folder.ts'

/** How long a store in the network may take. */
const PATIENCE_MS = 1500

interface Named {
  readonly store?: string
  readonly namespace?: string
}

/** The ids of the runs that fold and discard may mean, the newest first: one listing, whatever the namespace holds. */
export async function openRuns({ store, namespace }: Named): Promise<string[]> {
  const config = await findConfig({ store, namespace })
  if (config.worktree && !config.worktree.attached) return []
  const url = await fullStoreUrl(config.store, config.folder)
  const folder = await storeFolder(url)
  if (!url.startsWith('file:')) return Promise.race([runsOf(config, url), late()])
  await access(join(folder ?? '', 'ns')) // opening it would make it
  return runsOf(config, url)
}

/** A shell waits for the answer, and a network may not give one. */
const late = (): Promise<string[]> => systemAmbient.sleep(PATIENCE_MS).then(() => [])

async function runsOf(config: Config, url: string): Promise<string[]> {
  const objects = await openObjectStore(url, systemAmbient, { folder: config.folder })
  const parent = openNamespace(objects, parseNamespaceName(config.namespace), systemAmbient)
  const forks = (await listForks(parent)).sort((a, b) => b.putAt - a.putAt)
  return [...new Set(forks.map(({ name }) => name.slice(parent.name.length + 1)))]
}

export const pollers = (): Promise<string[]> => pollerNames(pollerPlaces())
