// How figures are written in the page and the plots of the comparison.

export function time(ms: number): string {
  if (Number.isNaN(ms)) return '–'
  if (ms < 1000) return `${Math.round(ms)} ms`
  return `${rounded(ms / 1000)} s`
}

export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)))
  return `${rounded(value / 1000 ** unit)} ${units[unit]}`
}

export const count = (value: number): string => Math.round(value).toLocaleString('en-US')

export const dollars = (value: number): string =>
  `$${value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`

/** Never 100% of what is less, nor 0% of what is more. */
export function percent(share: number): string {
  const shown = Math.min(share < 1 ? 99.9 : 100, Math.max(share > 0 ? 0.1 : 0, Math.round(share * 1000) / 10))
  return `${shown}%`
}

export const rounded = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 })
