// Sizes as people read them. Pure.

/** In the greatest unit that leaves at least 1: `1.2 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  return power === 0 ? `${bytes} B` : `${(bytes / 1024 ** power).toFixed(1)} ${units[power]}`
}

/** In whole KiB, however many: `1,024 KiB`. */
export const formatKibibytes = (bytes: number): string => `${Math.ceil(bytes / 1024).toLocaleString('en-US')} KiB`
