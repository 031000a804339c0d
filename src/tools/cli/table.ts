/** Tables as people read them: aligned columns, no frames. Pure. */

import { clean, columns, type Pen, type Style, shorten } from './pen.ts'

/** One column. Every column shows one field of its row, so that `--json`, which is the row, has at least what the table has. */
export interface Column<Row> {
  readonly head: string
  readonly field: keyof Row & string
  /** The field as text. Default: as it is; nothing for what is undefined. */
  readonly text?: (row: Row) => string
  /** Numbers stand to the right. */
  readonly right?: boolean
  readonly style?: (row: Row) => Style | undefined
  /** Where the terminal is too narrow, columns with a number go first, the greatest before all others. */
  readonly spare?: number
}

const gap = 2
/** A column is shortened down to this and no further. */
const least = 8

/** The lines of a table. `width`: how many columns there are; where it is too narrow, spare columns go and long texts are shortened. */
export function table<Row>(all: readonly Column<Row>[], rows: readonly Row[], { paint, width }: Pick<Pen, 'paint' | 'width'>): string[] {
  const cells = all.map((column) => rows.map((row) => clean(textOf(column, row))))
  const natural = all.map((column, index) => Math.max(columns(column.head), ...(cells[index] ?? []).map(columns)))
  const kept = fitting(all, natural, width ?? Number.POSITIVE_INFINITY)
  const widths = shortened(
    kept.map((index) => natural[index] ?? 0),
    kept.map((index) => all[index]?.right === true),
    width ?? Number.POSITIVE_INFINITY,
  )
  const line = (texts: readonly string[], styles: readonly (Style | undefined)[]) =>
    texts
      .map((text, place) => {
        const room = widths[place] ?? 0
        const shown = shorten(text, room)
        const space = ' '.repeat(Math.max(0, room - columns(shown)))
        const style = styles[place]
        const painted = style === undefined ? shown : paint(style, shown)
        return all[kept[place] ?? 0]?.right ? space + painted : painted + (place === texts.length - 1 ? '' : space)
      })
      .join(' '.repeat(gap))
      .trimEnd()
  const head = line(
    kept.map((index) => all[index]?.head ?? ''),
    kept.map(() => 'dim' as const),
  )
  return [
    head,
    ...rows.map((row, number) =>
      line(
        kept.map((index) => cells[index]?.[number] ?? ''),
        kept.map((index) => all[index]?.style?.(row)),
      ),
    ),
  ]
}

function textOf<Row>({ field, text }: Column<Row>, row: Row): string {
  if (text) return text(row)
  const value = row[field]
  return value === undefined || value === null ? '' : String(value)
}

/** The columns that stay: spare ones go until the rest fits when its longest text is shortened. */
function fitting<Row>(all: readonly Column<Row>[], natural: readonly number[], width: number): number[] {
  const kept = all.map((_, index) => index)
  const need = () =>
    kept.reduce(
      (sum, index) => sum + (all[index]?.right ? (natural[index] ?? 0) : Math.min(natural[index] ?? 0, least)),
      gap * (kept.length - 1),
    )
  const spare = [...kept].filter((index) => all[index]?.spare !== undefined).sort((a, b) => (all[b]?.spare ?? 0) - (all[a]?.spare ?? 0))
  const wanted = () => kept.reduce((sum, index) => sum + (natural[index] ?? 0), gap * (kept.length - 1))
  for (const index of spare) {
    if (wanted() <= width || (need() <= width && all[index]?.spare === 1)) break
    kept.splice(kept.indexOf(index), 1)
  }
  return kept
}

/** Takes from the widest text column, one at a time, until all fit or nothing more can be taken. */
function shortened(natural: readonly number[], right: readonly boolean[], width: number): number[] {
  const widths = [...natural]
  let over = widths.reduce((sum, each) => sum + each, gap * (widths.length - 1)) - width
  // Texts down to where they can still be told apart; then down to nearly nothing, which is better than lines that break.
  for (const down of [least, 2])
    while (over > 0) {
      let widest = -1
      for (const [place, each] of widths.entries()) if (!right[place] && each > down && each > (widths[widest] ?? 0)) widest = place
      if (widest < 0) break
      widths[widest] = (widths[widest] ?? 0) - 1
      over--
    }
  return widths
}
