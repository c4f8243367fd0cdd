// The report as one self-contained page: data, style and script are inline, and its policy lets a browser fetch nothing and run nothing
// but this script. Run names, labels and messages come from others: they reach the page as JSON only, in which `<` cannot stand, and the
// script shows them as text. Pure.
import { createHash } from 'node:crypto'
import type { PageData } from './page-data.ts'
import { STYLE } from './style.ts'

/** `script`: the built page script. */
export function reportHtml(data: PageData, script: string): string {
  const code = inScript(script)
  const policy = `default-src 'none'; script-src '${hashOf(code)}'; style-src '${hashOf(STYLE)}'; base-uri 'none'; form-action 'none'`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${inText(`${data.namespace} · runlet report`)}</title>
<style>${STYLE}</style>
</head>
<body>
<noscript>This report is drawn by a script that is part of it; the browser does not run it.</noscript>
<script type="application/json" id="data">${inJson(data)}</script>
<script>${code}</script>
</body>
</html>
`
}

const hashOf = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`

const inText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** JSON in which nothing can end the element, or begin a comment in it. */
const inJson = (data: unknown): string =>
  JSON.stringify(data).replace(/[<>&\u2028\u2029]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Our own code; in case a string of a library has an end tag. */
const inScript = (code: string): string => code.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--')
