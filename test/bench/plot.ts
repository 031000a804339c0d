/** A bar per system, as SVG, by hand: no dependency, readable on a light and on a dark page. Pure. */

export interface Bar {
  label: string
  median: number
  min: number
  max: number
  /** What stands at the end of the bar. */
  text: string
  /** Drawn in the colour of the house. */
  own: boolean
}

const width = 720
const left = 150
const right = 120
const rowHeight = 26
const top = 34

/** Draws the bars, the longest over the whole width, a whisker from the smallest to the largest run. */
export function plot(title: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map((bar) => bar.max), Number.MIN_VALUE)
  const at = (value: number) => round(left + (value / most) * (width - left - right))
  const height = top + bars.length * rowHeight + 8
  const rows = bars.map((bar, i) => {
    const y = top + i * rowHeight
    const middle = y + rowHeight / 2
    return [
      `<text class="label" x="${left - 8}" y="${middle + 4}">${escaped(bar.label)}</text>`,
      `<rect class="${bar.own ? 'own' : 'other'}" x="${left}" y="${y + 5}" width="${round(at(bar.median) - left)}" height="${rowHeight - 10}"/>`,
      `<path d="M${at(bar.min)} ${middle}H${at(bar.max)}M${at(bar.min)} ${middle - 4}v8M${at(bar.max)} ${middle - 4}v8"/>`,
      `<text x="${at(bar.max) + 8}" y="${middle + 4}">${escaped(bar.text)}</text>`,
    ].join('\n')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 }
.label { text-anchor: end }
.own { fill: #0b7285 }
.other { fill: #adb5bd }
path { stroke: #1f2328; fill: none }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .own { fill: #22b8cf }
  .other { fill: #6e7681 }
  path { stroke: #e6edf3 }
}
</style>
<text class="title" x="8" y="20">${escaped(title)}</text>
${rows.join('\n')}
</svg>
`
}

const round = (value: number) => Math.round(value * 10) / 10

const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
