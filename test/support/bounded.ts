// Opens the namespace `p` of a store with index files of a chosen size, so that a few thousand rows make an index as deep as that of
// millions, and with a clock of choice.
import type { Ambient } from '../../lib/ambient.ts'
import { parseNamespaceName } from '../../lib/names.ts'
import type { IndexBounds } from '../../lib/namespace/index-store.ts'
import { openNamespace } from '../../lib/namespace/namespace.ts'
import { signingOf } from '../../lib/run/run.ts'
import { Namespace } from '../../lib/runlet.ts'
import { openObjectStore } from '../../lib/store/open.ts'

export const SMALL_BOUNDS: IndexBounds = { maxRows: 64, maxBytes: 16 * 1024, maxRefs: 8 }

export async function openBounded(
  url: string,
  ambient: Ambient,
): Promise<{ namespace: Namespace; close: () => Promise<void> }> {
  const objects = await openObjectStore(url, ambient, { folder: process.cwd() })
  const open = openNamespace(objects, parseNamespaceName('p'), ambient, SMALL_BOUNDS)
  const namespace = new Namespace(open, 'worker', signingOf(open.name, 'worker', undefined))
  const close = async () => {
    await namespace.idle()
    await objects.close()
  }
  return { namespace, close }
}
