/**
 * How a demo looks: one line for each thing that happens. The two ways to invoke are drawn apart everywhere:
 * implicit is dashed and hollow (┄┄▷ ◇), explicit is solid and filled (──▶ ■).
 */

import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** What kind of thing happened. */
export type Mark = 'publish' | 'hear' | 'enqueue' | 'perform' | 'crash' | 'note'

const marks: Readonly<Record<Mark, { readonly sign: string; readonly style: Style }>> = {
  publish: { sign: '◇', style: 'cyan' },
  hear: { sign: '┄┄▷', style: 'cyan' },
  enqueue: { sign: '■', style: 'yellow' },
  perform: { sign: '──▶', style: 'yellow' },
  crash: { sign: '✖', style: 'red' },
  note: { sign: '·', style: 'dim' },
}

/** Writes lines, coloured if a person looks at them. */
export interface Terminal {
  /** One thing that happened: what kind, who, what. */
  say(mark: Mark, who: string, what: string): void
  /** A line as it is. */
  line(text?: string): void
  paint(style: Style, text: string): string
}

/** A terminal on a stream. Colour only where the stream is a terminal and NO_COLOR is not set. */
export function terminal(stream: NodeJS.WriteStream): Terminal {
  const coloured = stream.isTTY === true && !process.env.NO_COLOR
  const paint = (style: Style, text: string) => (coloured ? styleText(style, text, { validateStream: false }) : text)
  const line = (text = '') => void stream.write(`${text}\n`)
  return {
    line,
    paint,
    say(mark, who, what) {
      const { sign, style } = marks[mark]
      const time = new Date().toLocaleTimeString('en-GB')
      const speaks = mark === 'publish' || mark === 'enqueue'
      line(`  ${paint('dim', time)}  ${paint(style, speaks ? sign.padEnd(5) : `  ${sign.padEnd(3)}`)} ${who.padEnd(10)} ${what}`)
    },
  }
}
