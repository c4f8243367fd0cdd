// The little XML that S3 speaks: enough to answer the AWS SDK and to read what it sends.

/** `<name>content</name>`, where content is XML already. */
export function tag(name: string, ...content: string[]): string {
  return `<${name}>${content.join('')}</${name}>`
}

/** Text as XML. */
export function text(value: string | number | boolean): string {
  return String(value).replace(/[&<>"']/g, character => `&#${character.codePointAt(0)};`)
}

/** The text of each `<name>` in a document. */
export function textsOf(name: string, xml: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(match => decoded(match[1] ?? ''))
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decoded(xml: string): string {
  return xml.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (_, hex?: string, decimal?: string, name = '') => {
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16))
    return decimal ? String.fromCodePoint(Number(decimal)) : (NAMED[name] ?? '')
  })
}
