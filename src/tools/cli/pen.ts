/** Writing lines to a stream, coloured if a person looks at it. */

import { styleText } from 'node:util'

/** How a piece of text looks. */
export type Style = Parameters<typeof styleText>[0]

/** A stream that lines are written to. */
export interface Pen {
  /** A person looks at it. */
  readonly tty: boolean
  /** Columns of the terminal; undefined where lines may be as long as they like. */
  readonly width: number | undefined
  line(text?: string): void
  /** As it is, without a line feed. */
  raw(text: string): void
  paint(style: Style, text: string): string
}

/** What decides about colour, as the conventions of NO_COLOR and FORCE_COLOR say. */
export interface Wish {
  readonly color: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A pen for a stream. */
export function pen(stream: NodeJS.WriteStream, { color, env }: Wish): Pen {
  const tty = stream.isTTY === true
  const wanted = env.NO_COLOR ? false : env.FORCE_COLOR ? env.FORCE_COLOR !== '0' : tty && env.TERM !== 'dumb'
  const paints = color && wanted
  return {
    tty,
    get width() {
      return tty ? stream.columns || 80 : undefined
    },
    line: (text = '') => void stream.write(`${text}\n`),
    raw: (text) => void stream.write(text),
    paint: (style, text) => (paints ? styleText(style, text, { validateStream: false }) : text),
  }
}

/** Text from elsewhere as it may stand on a terminal: nothing in it moves the cursor, rings, or turns the reading direction. */
export function clean(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\ud800-\udfff]/gu, (character) =>
    character === '\n' || character === '\t' ? ' ' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u
const zero = /\p{M}/u

/** How many columns a text takes. */
export function columns(text: string): number {
  let count = 0
  for (const character of text) count += zero.test(character) ? 0 : wide.test(character) ? 2 : 1
  return count
}

/** A text of at most so many columns; what is cut off leaves an ellipsis. */
export function shorten(text: string, most: number): string {
  if (columns(text) <= most) return text
  let kept = ''
  for (const character of text) {
    if (columns(kept + character) > most - 1) break
    kept += character
  }
  return most < 1 ? '' : `${kept}…`
}
