// What swamp and runlet keep beside the files, for a machine, an index or a lock: never synchronised, imported or exported. Pure, and the
// only list of it.
const OWN_FILES = new Set([
  '.datastore-index.json',
  '.push-queue.json',
  '.datastore.lock',
  '.datastore-sync-state.json',
])
const OWN_FOLDERS = new Set(['_index', '_control', '.runlet'])
/** At any depth. The catalog's database has files beside it that come and go. */
const LOCAL_NAME = /^(\.lock|\.namespace\.json|_catalog\.db|_catalog\.db-.*)$/

export function isNeverSynced(path: string): boolean {
  const first = path.split('/', 1)[0] ?? ''
  return OWN_FILES.has(path) || OWN_FOLDERS.has(first) || LOCAL_NAME.test(path.slice(path.lastIndexOf('/') + 1))
}
