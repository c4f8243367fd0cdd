// The frame of a plot: an SVG with the colours and fonts of all plots here, which follow the reader's light or dark scheme.

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 14px; font-weight: 600 }
  .small { font-size: 11px; fill: #59636e }
  .grid { stroke: #d1d9e0; stroke-width: 1 }
  .leader { stroke: #8c959f; stroke-width: 1; stroke-dasharray: 2 3 }
  .line { fill: none; stroke: currentColor; stroke-width: 2.5 }
  circle { fill: currentColor }
  .c0 { color: #0a69da } .c1 { color: #cf222e } .c2 { color: #bc4c00 } .c3 { color: #8250df } .c4 { color: #1a7f37 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .small { fill: #9198a1 } .grid { stroke: #3d444d } .leader { stroke: #6e7681 }
    .c0 { color: #4493f8 } .c1 { color: #f85149 } .c2 { color: #db6d28 } .c3 { color: #ab7df8 } .c4 { color: #3fb950 }
  }`

export interface Frame {
  readonly width: number
  readonly height: number
  /** For who cannot see it. */
  readonly label: string
}

export function framed({ width, height, label }: Frame, content: readonly string[]): string {
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">`,
    `<style>${STYLE}\n</style>`,
    ...content,
    '</svg>',
  ].join('\n')}\n`
}
