export const words = text => text.split(/\s+/).filter(word => word !== '')

export function title(text) {
  return words(text)
    .map(word => word[0].toUpperCase() + word.slice(1))
    .join(' ')
}
